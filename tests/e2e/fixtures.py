"""Fixtures of the tests that start real processes (tests/e2e, tests/browser)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

from bots.simulator import SimulatedTelegram
from tests.e2e.processes import Processes


@pytest.fixture
def telegram() -> Iterator[SimulatedTelegram]:
    with SimulatedTelegram() as simulated:
        yield simulated


@pytest.fixture
def processes(telegram: SimulatedTelegram, tmp_path: Path, transactional_db: None) -> Iterator[Processes]:
    """Real processes whose Telegram is the simulated one; their queues begin empty."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    running = Processes(
        tmp_path,
        TELEGRAM_API_URL=telegram.url,
        TELEGRAM_BOT_TOKEN=telegram.token,
        SANDBOX_TRANSPORT="bots.transport.TelegramTransport",
    )
    yield running
    running.close()
