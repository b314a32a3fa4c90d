from collections.abc import Iterator

import pytest
from pytest_django import Settings

from bots.simulator import SimulatedTelegram


@pytest.fixture
def telegram(settings: Settings) -> Iterator[SimulatedTelegram]:
    """A Telegram on loopback, and a hub that is configured to use it."""
    with SimulatedTelegram() as simulated:
        settings.TELEGRAM_API_URL = simulated.url
        settings.TELEGRAM_BOT_TOKEN = simulated.token
        yield simulated
