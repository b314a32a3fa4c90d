"""A Telegram and a SpeechKit on loopback, a folder for files, and a bot that is told what is said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from bots.models import RawUpdate, TelegramBot, VoiceGate
from bots.raw_updates import store_updates
from bots.simulator import SimulatedTelegram
from bots.simulator.wire import JSON
from bots.updates import parse_all_waiting_updates
from messaging.models import Message, Recording
from tests.bots.voice.speechkit_stub import SpeechKitStub

CHAT = -1001


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def speechkit(settings: Settings) -> Iterator[SpeechKitStub]:
    with SpeechKitStub() as stub:
        settings.YANDEX_CLOUD_API_KEY = "only-for-tests"
        settings.YANDEX_STT_ENABLED = True
        settings.YANDEX_STT_URL = stub.url
        settings.YANDEX_OPERATION_URL = stub.url
        yield stub


def receive(telegram: SimulatedTelegram, update: JSON) -> Message:
    """The hub stores and reads this update; returns its message."""
    TelegramBot.objects.get_or_create(id=telegram.bot["id"])
    store_updates(bot_id=telegram.bot["id"], raw=[update])
    parse_all_waiting_updates()
    assert not RawUpdate.objects.exclude(error="").values_list("error")
    content = next(value for key, value in update.items() if key != "update_id")
    return Message.objects.get(chat_id=content["chat"]["id"], telegram_message_id=content["message_id"])


def voice(telegram: SimulatedTelegram, **fields: Any) -> Recording:
    """A voice message arrives."""
    return receive(telegram, telegram.sends_voice(CHAT, **fields)).recording


def fresh(recording: Recording) -> Recording:
    return Recording.objects.select_related("message").get(pk=recording.pk)


def make_due() -> None:
    """Time passes: what waits for its time has waited long enough, and gates may be tried."""
    Recording.objects.filter(due_at__isnull=False).update(due_at="2026-01-01T00:00:00Z")
    VoiceGate.objects.filter(until__isnull=False).update(until="2026-01-01T00:00:00Z")
