"""Messages of the old hub: each once, found and counted like others, and no news to anybody."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count
from django.test import Client
from pytest_django import Settings

from cvgorod_hub.management.commands.rebuild_statistics import COMPARISONS
from cvgorod_hub.old_hub import messages as old_messages
from cvgorod_hub.old_hub.messages import AUTOMATIC, DUPLICATE, UNKNOWN_KIND
from intents.models import MessageAnalysis
from messaging.conversation_links import conversation_url
from messaging.models import Chat, Message, MessageVersion, Recording
from messaging.recounting import find_differences
from messaging.statistics import count_by_role, count_messages
from sandbox.models import PendingResponse
from tests.factories import ChatFactory, MessageFactory, PersonFactory, ResponseFactory
from tests.messaging.exports import bring as bring_export
from tests.messaging.exports import chat as exported_chat
from tests.messaging.exports import said
from tests.old_hub.conftest import Bring
from tests.old_hub.old_database import BEGAN, CHAT, CLIENT, OldHub
from tests.old_hub.sums import notes, sums
from tests.partitions import OF_FIRST_NUMBERS

pytestmark = pytest.mark.django_db
HERE, COLLECTED = "is here already", "was collected here, too"
TIME = "its time is missing or out of range"


@pytest.fixture
def peopled(old: OldHub) -> OldHub:
    old.chat()
    old.person()
    return old


def utc(**later: int) -> datetime:
    return BEGAN.replace(tzinfo=UTC) + timedelta(**later)


def test_a_message_comes_as_history(peopled: OldHub, bring: Bring) -> None:
    key = peopled.message("Роза есть?", telegram_message_id=41, reply_to_message_id=40, timestamp=BEGAN)

    report = bring()

    message = Message.objects.get()
    assert (message.pk, message.origin) == (key, f"old:{key}")
    assert (message.chat_id, message.telegram_message_id, message.user_id) == (CHAT, 41, CLIENT)
    assert (message.text, message.message_type, message.reply_to_message_id) == ("Роза есть?", "text", 40)
    assert (message.timestamp, message.source, message.numbered_by) == (utc(), "import", 0)
    assert Message.objects.search("розы").get() == message
    assert Chat.objects.get().last_message_at == utc()
    assert sums(report, "messages") == (1, {}, {})


def test_the_first_scripts_columns_are_enough(first: OldHub, bring: Bring) -> None:
    first.chat()
    first.person()
    first.message()
    first.analysis(1)

    report = bring()

    assert sums(report, "messages") == sums(report, "message_analysis") == (1, {}, {})
    assert report.left_alone == {}


def test_nobody_waits_and_nothing_is_news_because_of_it(
    peopled: OldHub, bring: Bring, settings: Settings
) -> None:
    settings.DEEPSEEK_API_KEY = "key"
    chat = ChatFactory(pk=CHAT)
    draft = ResponseFactory(chat=chat)
    peopled.analysis(peopled.message())

    bring()

    chat.refresh_from_db()
    assert (chat.waiting_since, chat.answered_at) == (None, None)
    assert not Message.objects.news().exists()
    assert not PendingResponse.objects.with_staleness().get(pk=draft.pk).is_stale
    assert not MessageAnalysis.objects.filter(model_due_at__isnull=False).exists()


def test_statistics_count_it_and_need_no_rebuilding(peopled: OldHub, bring: Bring) -> None:
    peopled.person(601, is_manager=True)
    for place in range(9):
        key = peopled.message(user_id=601 if place % 3 else CLIENT)
        peopled.analysis(key, "order")

    bring(rows=4)

    assert count_messages(None) == 9
    roles = Message.objects.order_by().values_list("user__role__role_name").annotate(Count("pk"))
    assert dict(roles) == {"client": 3, "manager": 6}
    assert {row["role"]: row["message_count"] for row in count_by_role(None)} == {"client": 3, "manager": 6}
    assert find_differences(COMPARISONS) == {}


def test_of_rows_of_one_message_the_earliest_is_the_true_one(peopled: OldHub, bring: Bring) -> None:
    peopled.chat(-1_001_000_000_002)
    true = peopled.message("Первая", telegram_message_id=9)
    peopled.message("Вторая", telegram_message_id=9)
    peopled.message("Другой чат", telegram_message_id=9, chat_id=-1_001_000_000_002)
    peopled.message("Третья", telegram_message_id=9)

    report = bring(rows=2)

    assert dict(Message.objects.values_list("pk", "text")) == {true: "Первая", true + 2: "Другой чат"}
    assert sums(report, "messages") == (2, {}, {DUPLICATE: 2})
    assert report.tallies["messages"].skipped[DUPLICATE].keys == [true + 1, true + 3]


def test_a_row_that_cannot_come_is_not_the_true_one(peopled: OldHub, bring: Bring) -> None:
    peopled.message("Без времени", telegram_message_id=9, timestamp=None, created_at=None)
    peopled.message("Со временем", telegram_message_id=9)

    report = bring()

    assert Message.objects.get().text == "Со временем"
    assert sums(report, "messages") == (1, {}, {TIME: 1})


def test_voice_messages_become_transcripts(peopled: OldHub, bring: Bring) -> None:
    spoken = {
        "[Голосовое] нужны розы": ("done", "нужны розы"),
        "[Голосовое]  ": ("empty", ""),
        "[Голосовое сообщение]": ("off", ""),
        "[Голосовое сообщение - не удалось расшифровать]": ("failed", ""),
    }
    keys = {peopled.message(text, message_type=None): told for text, told in spoken.items()}
    typed = peopled.message("Голосовое не слышно [Голосовое]")

    bring()

    rows = Message.objects.exclude(pk=typed)
    assert {row.pk: (row.transcript_state, row.transcript) for row in rows} == keys
    assert set(rows.values_list("message_type", "text")) == {("voice", "")}
    assert Message.objects.get(pk=typed).text == "Голосовое не слышно [Голосовое]"
    assert Message.objects.search("розы").get().transcript == "нужны розы"


def test_what_was_spoken_is_shown_without_its_sound(
    peopled: OldHub, bring: Bring, admin_client: Client
) -> None:
    done = peopled.message("[Голосовое] нужны розы")
    peopled.message("[Голосовое сообщение]")

    bring()

    page = admin_client.get(f"/admin/messaging/message/{done}/change/")
    chat = admin_client.get(conversation_url(CHAT, done))
    assert (page.status_code, chat.status_code) == (200, 200)
    assert "нужны розы" in page.content.decode()
    assert "распознавание выключено" in chat.content.decode()
    assert "<audio" not in chat.content.decode()


def test_kinds_that_are_not_ours_are_unknown(peopled: OldHub, bring: Bring) -> None:
    for kind in ("Photo", "", None, "hologram"):
        peopled.message(message_type=kind)
    peopled.message("[Голосовое] да", message_type="video_note")

    report = bring()

    kinds = Message.objects.order_by("pk").values_list("message_type", flat=True)
    assert list(kinds) == ["photo", "text", "text", "unknown", "video_note"]
    assert notes(report, "messages") == {UNKNOWN_KIND: 1}


@pytest.mark.parametrize(
    ("timestamp", "created_at", "comes_at"),
    [
        ("infinity", BEGAN, utc()),
        ("0044-03-15 BC", BEGAN, utc()),
        ("9998-01-01", BEGAN, utc()),
        (None, BEGAN, utc()),
        ("-infinity", None, None),
        ("250000-01-01", "infinity", None),
    ],
)
def test_times_out_of_range(
    peopled: OldHub, bring: Bring, timestamp: object, created_at: object, comes_at: datetime | None
) -> None:
    peopled.message(timestamp=timestamp, created_at=created_at)

    report = bring()

    if comes_at is None:
        assert sums(report, "messages") == (0, {}, {TIME: 1})
    else:
        assert Message.objects.get().timestamp == comes_at


def test_odd_rows_are_skipped_with_their_reason_or_kept(
    peopled: OldHub, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_messages, "LONGEST_TEXT", 5000)
    peopled.message(chat_id=None)
    peopled.message("д" * 5001)
    long = peopled.message("д" * 5000)
    self_reply = peopled.message(telegram_message_id=77, reply_to_message_id=77)
    numberless = peopled.message(telegram_message_id=None)
    silent = peopled.message(None, user_id=0)

    report = bring()

    kept = Message.objects.in_bulk([long, self_reply, numberless, silent])
    assert len(kept) == Message.objects.count() == 4
    assert kept[self_reply].reply_to_message_id is None
    assert (kept[numberless].telegram_message_id, kept[numberless].origin) == (None, f"old:{numberless}")
    assert (kept[silent].text, kept[silent].user_id) == ("", None)
    assert sums(report, "messages") == (4, {}, {"without a chat": 1, "longer than any message": 1})


def test_a_row_that_postgresql_refuses_holds_up_no_other(peopled: OldHub, bring: Bring) -> None:
    keys = [peopled.message() for _ in range(8)]
    for key in keys:
        peopled.analysis(key)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE messages ADD CONSTRAINT not_this CHECK (id <> 6)")
        cursor.execute("ALTER TABLE message_analysis ADD CONSTRAINT nor_this CHECK (message_id <> 3)")

    report = bring()

    assert list(Message.objects.order_by("pk").values_list("pk", flat=True)) == [1, 2, 3, 4, 5, 7, 8]
    refused = 'refused by the database: new row for relation "{}" violates check constraint "{}"'
    assert sums(report, "messages") == (7, {}, {refused.format(OF_FIRST_NUMBERS, "not_this"): 1})
    assert sums(report, "message_analysis") == (
        6,
        {},
        {refused.format("message_analysis", "nor_this"): 1, "of a message that was skipped": 1},
    )
    [told] = report.tallies["messages"].skipped.values()
    assert told.keys == [6]


def test_replies_by_key_are_told_by_number(peopled: OldHub, bring: Bring) -> None:
    asked = peopled.message(telegram_message_id=500)
    answer = peopled.message(telegram_message_id=501, reply_to_message_id=asked)
    peopled.session.execute(
        "ALTER TABLE messages ADD FOREIGN KEY (reply_to_message_id) REFERENCES messages (id)"
    )

    bring()

    assert Message.objects.get(pk=answer).reply_to_message_id == 500


def test_the_mark_automatic_is_not_kept_unless_a_program_wrote_it(peopled: OldHub, bring: Bring) -> None:
    peopled.person(9, role="BOT")
    peopled.message(is_automatic=True)
    peopled.message(is_automatic=True, user_id=9)
    peopled.message(is_automatic=False)

    report = bring()

    assert notes(report, "messages") == {AUTOMATIC: 1}
    assert Message.objects.with_automatic().filter(is_automatic=True).get().user_id == 9


def test_what_was_collected_here_is_one_row_and_keeps_its_words(peopled: OldHub, bring: Bring) -> None:
    chat, client = ChatFactory(pk=CHAT), PersonFactory(pk=CLIENT)
    collected = MessageFactory(chat=chat, user=client, telegram_message_id=9, text="Новее")
    peopled.analysis(peopled.message("Старее", telegram_message_id=9), "order")

    report = bring()

    assert Message.objects.get() == collected
    collected.refresh_from_db()
    assert (collected.text, collected.source) == ("Новее", "telegram")
    assert collected.analysis.intent == "order"
    assert not MessageVersion.objects.exists()
    assert sums(report, "messages") == (0, {COLLECTED: 1}, {})


def test_what_it_said_before_an_edit_that_came_here_is_kept(peopled: OldHub, bring: Bring) -> None:
    edited = MessageFactory(
        chat=ChatFactory(pk=CHAT),
        telegram_message_id=9,
        text="5 пачек",
        timestamp=utc(),
        edited_at=utc(hours=1),
    )
    peopled.message("3 пачки", telegram_message_id=9)

    bring()
    bring()

    version = MessageVersion.objects.get(message=edited)
    assert (version.text, version.valid_from) == ("3 пачки", utc())


@pytest.mark.parametrize(("state", "is_filled"), [("failed", True), ("off", True), ("recognising", False)])
def test_words_of_a_voice_are_filled_where_nobody_is_at_work(
    peopled: OldHub, bring: Bring, state: str, is_filled: bool
) -> None:
    voice = MessageFactory(
        chat=ChatFactory(pk=CHAT),
        telegram_message_id=9,
        text="",
        message_type="voice",
        transcript_state=state,
    )
    Recording.objects.create(
        message=voice,
        state=state,
        bot_id=1,
        file_id="f",
        queued_at=utc(),
        due_at=None if is_filled else utc(),
    )
    peopled.message("[Голосовое] нужны розы", telegram_message_id=9)

    bring()

    voice.refresh_from_db()
    done = ("done", "нужны розы") if is_filled else ("recognising", "")
    assert (voice.transcript_state, voice.transcript) == done
    assert voice.recording.state == done[0]


def test_old_keys_that_are_taken_here_become_new_ones(peopled: OldHub, bring: Bring) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE messages_id_seq RESTART WITH 3")
    own = MessageFactory(telegram_message_id=900)
    for _ in range(5):
        peopled.message()

    bring()
    later = MessageFactory(telegram_message_id=901)

    assert own.pk == 3
    assert dict(Message.objects.filter(chat_id=CHAT).values_list("origin", "pk")) == {
        "old:1": 6, "old:2": 7, "old:3": 8, "old:4": 4, "old:5": 5,
    }  # fmt: skip
    assert later.pk == 9


def test_a_second_run_changes_nothing_and_brings_what_is_new(peopled: OldHub, bring: Bring) -> None:
    peopled.message()
    peopled.analysis(1)
    peopled.reply("sent")
    peopled.pattern("Заказ")
    bring()
    before = _everything()

    again = bring()

    assert _everything() == before
    assert all(tally.copied == 0 for tally in again.tallies.values())
    assert sums(again, "messages") == (0, {HERE: 1}, {})

    peopled.message("Ещё")
    assert sums(bring(), "messages") == (1, {HERE: 1}, {})


def _everything() -> list[Any]:
    tables = ("users", "chats", "messages", "message_analysis", "pending_responses", "message_patterns",
              "pending_response_events", "message_counts", "author_activity")  # fmt: skip
    rows = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t")  # noqa: S608
            rows.append((table, cursor.fetchone()))
    return rows


def test_basic_groups_are_numbered_for_their_bot(peopled: OldHub, bring: Bring) -> None:
    peopled.chat(-55, chat_type="group")
    group = ChatFactory(pk=-56, chat_type="group")
    collected = MessageFactory(chat=group, telegram_message_id=9, numbered_by=777)
    peopled.message(chat_id=-55)
    peopled.message(chat_id=-56, telegram_message_id=9)

    report = bring(bot_id=777)

    assert Message.objects.get(chat_id=-55).numbered_by == 777
    assert Message.objects.get(chat_id=-56) == collected
    assert sums(report, "messages") == (1, {COLLECTED: 1}, {})


def test_an_export_of_a_basic_group_and_the_old_hub_are_one_history(
    peopled: OldHub, bring: Bring, tmp_path: Path
) -> None:
    began = datetime.fromtimestamp(1_700_000_000, UTC).replace(tzinfo=None)
    peopled.chat(-555, chat_type="group")
    for number, text in ((1, "Роза есть?"), (2, "А эустома?")):
        peopled.message(
            text, chat_id=-555, telegram_message_id=number, timestamp=began + timedelta(seconds=number)
        )
    export = exported_chat(said(11, at=1), kind="private_group", number=555)
    bring_export(tmp_path, export)

    report = bring()
    after = bring_export(
        tmp_path,
        exported_chat(
            said(11, at=1), said(12, "А эустома?", at=2), said(13, at=3), kind="private_group", number=555
        ),
    )

    assert sums(report, "messages") == (1, {HERE: 1}, {})
    assert (after.total("added"), after.total("present")) == (1, 2)
    assert Message.objects.filter(chat_id=-555).count() == 3


def test_a_dry_run_says_the_same_and_changes_nothing(peopled: OldHub, bring: Bring) -> None:
    peopled.message("Первая", telegram_message_id=9)
    peopled.message("Вторая", telegram_message_id=9)
    peopled.message(timestamp=None, created_at=None)
    peopled.analysis(1, "unknown")
    peopled.analysis(1, "order")
    peopled.reply("pending")
    peopled.pattern("Заказ")
    before = _everything()

    dry = bring(is_dry_run=True)

    assert _everything() == before
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT is_called FROM messages_id_seq UNION ALL SELECT count(*) > 0 FROM legacy_migrations"
        )
        assert cursor.fetchall() == [(False,), (False,)]
    real = bring()
    assert {name: sums(dry, name) for name in dry.tallies} == {
        name: sums(real, name) for name in real.tallies
    }
