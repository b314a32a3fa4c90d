"""How long raw updates stay, and what never goes."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from pytest_django import Settings

from bots import retention
from bots.models import RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.retention import delete_old_updates
from bots.updates import parse_waiting_updates
from cvgorod_hub.environment import days
from messaging.models import Message
from tests.bots.test_updates import numbered

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bot() -> TelegramBot:
    return TelegramBot.objects.create(id=77)


def kept(update_id: int, state: str, *, days_ago: float, dismissed_days_ago: float | None = None) -> None:
    now = timezone.now()
    row = RawUpdate.objects.create(
        bot_id=77, update_id=update_id, kind="message", payload="{}", parse_state=state
    )
    settled = None if dismissed_days_ago is None else now - timedelta(days=dismissed_days_ago)
    RawUpdate.objects.filter(pk=row.pk).update(
        received_at=now - timedelta(days=days_ago), dismissed_at=settled
    )


def left() -> set[int | None]:
    return set(RawUpdate.objects.values_list("update_id", flat=True))


def test_what_was_read_goes_after_its_time_and_what_was_not_stays() -> None:
    kept(1, "parsed", days_ago=31)
    kept(2, "ignored", days_ago=31)
    kept(3, "parsed", days_ago=29)
    kept(4, "failed", days_ago=500)
    kept(5, "pending", days_ago=500)
    kept(6, "dismissed", days_ago=500, dismissed_days_ago=29)
    kept(7, "dismissed", days_ago=500, dismissed_days_ago=31)

    assert delete_old_updates(seconds=5) == 3

    assert left() == {3, 4, 5, 6}


def test_zero_days_keep_everything(settings: Settings) -> None:
    settings.RAW_UPDATES_KEEP_DAYS = 0
    kept(1, "parsed", days_ago=5000)

    assert delete_old_updates(seconds=5) == 0

    assert left() == {1}


def test_it_goes_in_small_steps_and_stops_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "DELETE_BATCH", 2)
    for update_id in range(5):
        kept(update_id, "parsed", days_ago=40 - update_id)

    assert delete_old_updates(seconds=0) == 0
    assert delete_old_updates(seconds=5) == 5


def test_a_message_known_by_its_update_stays_unique_after_deletions() -> None:
    for text in ("первое", "второе"):
        nameless = {"message": {**numbered(1)["message"], "message_id": 0, "text": text}}
        store_updates(bot_id=77, raw=[nameless])
        parse_waiting_updates()
        RawUpdate.objects.update(received_at=timezone.now() - timedelta(days=40))
        assert delete_old_updates(seconds=5) == 1

    assert Message.objects.values_list("origin", flat=True).distinct().count() == 2
    assert set(Message.objects.values_list("text", flat=True)) == {"первое", "второе"}


@pytest.mark.parametrize(("text", "expected"), [("", 30), ("0", 0), (" 7 ", 7), ("3650", 3650)])
def test_days_are_read(monkeypatch: pytest.MonkeyPatch, text: str, expected: int) -> None:
    monkeypatch.setenv("RAW_UPDATES_KEEP_DAYS", text)

    assert days("RAW_UPDATES_KEEP_DAYS", default=30, most=3650) == expected


@pytest.mark.parametrize("text", ["a month", "-1", "1.5", "3651", "9" * 5000, "٣"])
def test_nonsense_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RAW_UPDATES_KEEP_DAYS", text)

    with pytest.raises(ImproperlyConfigured, match="RAW_UPDATES_KEEP_DAYS is not a number of days from 0"):
        days("RAW_UPDATES_KEEP_DAYS", default=30, most=3650)
