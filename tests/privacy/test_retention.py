"""Words that are older than the settings let them be, and what stays of them."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from cvgorod_hub.privacy import retention
from cvgorod_hub.privacy.models import RetentionState
from cvgorod_hub.privacy.retention import forget_old
from messaging.activity import recount_waiting
from messaging.models import Chat, HistoryImport, Message, MessageWord
from messaging.statistics import count_by_role
from messaging.waiting import waiting_chats
from sandbox.models import PendingResponse, ResponseEvent
from tests.factories import ChatFactory, MessageFactory, ResponseFactory
from tests.messaging.test_statistics import check_that_counts_need_no_rebuilding

pytestmark = pytest.mark.django_db
YEAR = 365


def said(text: str, *, days_ago: float, **more: object) -> Message:
    return MessageFactory(text=text, timestamp=timezone.now() - timedelta(days=days_ago), **more)


def test_by_default_words_stay_for_ever() -> None:
    said("Роза", days_ago=9 * YEAR)

    assert forget_old(seconds=5) == 0

    assert Message.objects.get().text == "Роза"


def test_old_words_go_and_their_rows_stay(settings: Settings) -> None:
    settings.MESSAGES_KEEP_DAYS = YEAR
    old, young = said("Старая роза", days_ago=YEAR + 1), said("Молодая роза", days_ago=YEAR - 1)
    before = count_by_role(None)

    forget_old(seconds=5)

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.text, old.erased_for, old.excerpt) == ("", "age", "[Текст удалён: вышел срок хранения]")
    assert (young.text, young.erased_at) == ("Молодая роза", None)
    assert count_by_role(None) == before
    check_that_counts_need_no_rebuilding()
    assert set(MessageWord.objects.values_list("word", flat=True)) == {"молодая", "роза"}


def test_a_sweep_does_not_read_again_what_it_has_done(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MESSAGES_KEEP_DAYS = YEAR
    monkeypatch.setattr(retention, "MESSAGES_AT_ONCE", 2)
    for number in range(7):
        said(f"Роза {number}", days_ago=YEAR + 10 - number)

    with CaptureQueriesContext(connection) as first:
        assert forget_old(seconds=60) >= 7
    with CaptureQueriesContext(connection) as second:
        assert forget_old(seconds=60) == 0

    assert not Message.objects.exclude(text="").exists()
    assert len(second) < len(first) / 3
    # What an import brings from before that place is found all the same.
    history = said("Из истории", days_ago=YEAR + 500)
    HistoryImport.objects.create(
        file_name="result.json",
        export_chat_id=1,
        export_type="private_group",
        chat=history.chat,
        state="finished",
    )
    assert forget_old(seconds=60) == 1


def test_time_that_is_up_leaves_the_rest_for_the_next_sweep(settings: Settings) -> None:
    settings.MESSAGES_KEEP_DAYS = YEAR
    said("Роза", days_ago=YEAR + 1)

    assert forget_old(seconds=0) == 0

    assert Message.objects.get().text == "Роза"


def test_old_replies_that_nobody_was_sent_go_and_others_keep_their_words(settings: Settings) -> None:
    settings.MESSAGES_KEEP_DAYS = YEAR
    chat, old = ChatFactory(), timezone.now() - timedelta(days=YEAR + 1)
    states = ("sent", "rejected", "pending", "unknown")
    for status in states:
        reply = ResponseFactory(chat=chat, status=status, context="Причина", response_text="Есть.")
        ResponseEvent.objects.create(response=reply, kind="proposed", actor_name="agent", text_after="Есть.")
    PendingResponse.objects.update(created_at=old)
    ResponseFactory(chat=chat, status="rejected", context="Причина", response_text="Есть.")

    forget_old(seconds=5)

    kept = PendingResponse.objects.order_by("pk").values_list("status", "response_text", "context")
    assert list(kept) == [
        ("sent", "Есть.", ""),
        ("rejected", "", ""),
        ("pending", "Есть.", "Причина"),
        ("unknown", "Есть.", "Причина"),
        ("rejected", "Есть.", "Причина"),
    ]
    log = ResponseEvent.objects.order_by("pk").values_list("text_after", flat=True)
    assert list(log) == ["Есть.", "", "Есть.", "Есть."]


def test_old_entries_of_the_admins_log_go_only_where_it_is_set(settings: Settings) -> None:
    anna = User.objects.create_user("anna")
    for days in (YEAR + 1, YEAR - 1):
        LogEntry.objects.create(
            user=anna, action_flag=ADDITION, action_time=timezone.now() - timedelta(days=days)
        )
    assert forget_old(seconds=5) == 0

    settings.ADMIN_LOG_KEEP_DAYS = YEAR

    assert forget_old(seconds=5) == 1
    assert LogEntry.objects.count() == 1


def test_sessions_that_have_ended_go() -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=1))

    forget_old(seconds=5)

    assert [*Session.objects.values_list("session_key", flat=True)] == ["new"]


@pytest.mark.parametrize("page", ["docs/data.md", "docs/ru/data.md"])
def test_the_documents_name_every_setting_of_keeping(page: str) -> None:
    text = Path(page).read_text(encoding="utf-8")

    for name in ("RAW_UPDATES_KEEP_DAYS", "VOICE_KEEP_DAYS", "MESSAGES_KEEP_DAYS", "ADMIN_LOG_KEEP_DAYS"):
        assert name in text
    for command in ("export_person", "erase_person", "--again"):
        assert command in text


def test_what_comes_behind_the_sweeps_place_is_found_the_next_day(settings: Settings) -> None:
    """As the old hub's history does, and an edit of a message that this hub never had."""
    settings.MESSAGES_KEEP_DAYS = YEAR
    said("Роза", days_ago=YEAR + 1)
    forget_old(seconds=5)
    behind = said("Из старого хаба", days_ago=YEAR + 900)
    reply = ResponseFactory(chat=behind.chat, status="unknown", response_text="Есть.")
    PendingResponse.objects.update(created_at=behind.timestamp)
    PendingResponse.objects.update(status="failed")
    forget_old(seconds=5)
    behind.refresh_from_db()
    assert behind.text != ""

    RetentionState.objects.filter(name__startswith="all ").update(place=timezone.now() - timedelta(days=1))
    forget_old(seconds=5)

    behind.refresh_from_db()
    reply.refresh_from_db()
    assert (behind.text, reply.response_text) == ("", "")
    assert reply.erased_for == "age"
    assert reply.erased_at is not None


def test_who_waits_for_an_answer_waits_on_when_the_words_are_gone(
    settings: Settings, admin_client: Client
) -> None:
    settings.MESSAGES_KEEP_DAYS = 90
    asked = said("Роза есть?", days_ago=91)
    recount_waiting([asked.chat_id])

    forget_old(seconds=5)

    chat = Chat.objects.get()
    assert chat.waiting_since == asked.timestamp
    [waiting] = waiting_chats(since=asked.timestamp)
    assert (waiting.message_id, waiting.text) == (asked.pk, "")
    page = admin_client.get("/admin/desk/waiting/").content.decode()
    assert "[Текст удалён: вышел срок хранения]" in page
