"""hub_report: what is counted, and what a missing number means."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from bots.models import ApprovalCard, BotMembership, CollectionGap, RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.report.build import build_report
from bots.report.gaps import Gap
from bots.report.period import Period, one_moment
from bots.updates import parse_waiting_updates
from messaging.models import Chat, HistoryImport, Message
from tests.bots.test_updates import numbered
from tests.factories import ChatFactory, MessageFactory, ResponseFactory
from tests.marks import committed

pytestmark = pytest.mark.django_db

BOT_ID = 77


@pytest.fixture(autouse=True)
def bot() -> TelegramBot:
    return TelegramBot.objects.create(
        id=BOT_ID,
        username="hub_bot",
        can_read_all_group_messages=True,
        last_poll_at=timezone.now(),
        checked_at=timezone.now(),
    )


@pytest.fixture
def chat() -> Chat:
    chat: Chat = ChatFactory(name="Магазин")
    return chat


def hours_ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


def said(chat: Chat, number: int, *, hours: float = 1, **fields: Any) -> None:
    MessageFactory(chat=chat, telegram_message_id=number, timestamp=hours_ago(hours), **fields)


def gaps(days: int = 7) -> list[Gap]:
    return build_report(Period.last_days(days)).gaps


def counts(gap: Gap) -> tuple[int, int, int, int]:
    return gap.own, gap.unread, gap.may_be_lost, gap.not_visible


def receive(chat_id: int, *updates: dict[str, Any]) -> None:
    """Received and read; the chat is kept beside the update as collecting does it."""
    store_updates(bot_id=BOT_ID, raw=updates)
    parse_waiting_updates()
    RawUpdate.objects.filter(update_id__in=[update["update_id"] for update in updates]).update(
        chat_id=chat_id
    )


def now_said(update_id: int, chat: Chat, **message: Any) -> dict[str, Any]:
    about = {"id": chat.pk, "type": chat.chat_type, "title": chat.name}
    return numbered(update_id, chat=about, date=int(timezone.now().timestamp()), **message)


def report(*arguments: str) -> str:
    out = StringIO()
    call_command("hub_report", *arguments, stdout=out)
    return out.getvalue()


def as_json(*arguments: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(report("--json", *arguments))
    return decoded


def test_what_was_received_is_shared_out_among_what_became_of_it(chat: Chat) -> None:
    receive(chat.pk, now_said(10, chat), {"update_id": 11, "message": {"message_id": "?"}})
    store_updates(bot_id=BOT_ID, raw=[{"update_id": 12, "poll_answer": {}}, now_said(13, chat)])
    RawUpdate.objects.filter(update_id=12).update(parse_state="ignored")

    totals = as_json()["totals"]

    assert totals["received"] == 4
    assert totals["updates"] == {"pending": 1, "parsed": 1, "ignored": 1, "failed": 1, "dismissed": 0}


def test_each_chat_and_day_has_its_line_and_no_chat_one_of_its_own(chat: Chat) -> None:
    receive(chat.pk, now_said(10, chat))
    store_updates(bot_id=BOT_ID, raw=[{"update_id": 11, "message": {"message_id": "?"}}])
    parse_waiting_updates()
    yesterday = timezone.now() - timedelta(days=1)
    said(chat, 9, hours=24, source="import")
    ResponseFactory(chat=chat, status="unknown")

    days = {(day["day"], day["chat_id"]): day for day in as_json()["days"]}

    today = timezone.localdate().isoformat()
    before = timezone.localdate(yesterday).isoformat()
    assert set(days) == {(today, chat.pk), (today, None), (before, chat.pk)}
    assert days[today, chat.pk]["messages"] == {"telegram": 1, "sent": 0, "import": 0}
    assert days[today, chat.pk]["replies"]["unknown"] == 1
    assert days[today, None]["updates"]["failed"] == 1
    assert days[before, chat.pk]["messages"] == {"telegram": 0, "sent": 0, "import": 1}


def test_days_begin_at_the_hubs_midnight(chat: Chat) -> None:
    """21:00 UTC is midnight in Moscow."""
    for number, moment in enumerate(
        [datetime(2026, 11, 19, 20, 59, tzinfo=UTC), datetime(2026, 11, 19, 21, 0, tzinfo=UTC)]
    ):
        MessageFactory(chat=chat, telegram_message_id=number + 1, timestamp=moment)

    days = as_json("--since", "2026-11-01")["days"]

    assert [(day["day"], day["messages"]["telegram"]) for day in days] == [
        ("2026-11-20", 1),
        ("2026-11-19", 1),
    ]


def test_an_update_from_before_chats_were_kept_finds_its_chat(chat: Chat) -> None:
    receive(chat.pk, now_said(10, chat))
    RawUpdate.objects.update(chat_id=None)

    [day] = as_json()["days"]

    assert (day["chat_id"], day["received"]) == (chat.pk, 1)


def test_a_number_that_nobody_could_see_is_told_apart_from_the_hubs_own(chat: Chat) -> None:
    said(chat, 10)
    said(chat, 15)
    ResponseFactory(chat=chat, status="sent", telegram_message_id=11)
    ApprovalCard.objects.create(
        response=ResponseFactory(), chat_id=chat.pk, message_id=12, sent_at=timezone.now()
    )

    [gap] = gaps()

    assert (gap.after, gap.before, gap.missing) == (10, 15, 4)
    assert counts(gap) == (2, 0, 0, 2)


def test_a_reply_in_a_chat_that_moved_counts_where_it_was_sent(chat: Chat) -> None:
    old = ChatFactory(chat_type="group", migrated_to=chat)
    said(chat, 10)
    said(chat, 12)
    ResponseFactory(chat=old, status="sent", telegram_message_id=11)

    assert [counts(gap) for gap in gaps()] == [(1, 0, 0, 0)]


@pytest.mark.parametrize("state", ["failed", "pending", "dismissed"])
def test_what_was_received_and_not_read_is_known_by_its_number(chat: Chat, state: str) -> None:
    said(chat, 10)
    said(chat, 13)
    unread = now_said(5, chat, message_id=11)
    unread["message"]["from"] = "?"
    store_updates(
        bot_id=BOT_ID, raw=[unread, {"update_id": 6, "message": 5}, {"update_id": 7, "message": {"chat": 0}}]
    )
    RawUpdate.objects.update(parse_state=state)

    assert [counts(gap) for gap in gaps()] == [(0, 1, 0, 1)]


def test_a_day_and_more_without_collecting_may_have_lost_messages(chat: Chat, bot: TelegramBot) -> None:
    said(chat, 10, hours=80)
    said(chat, 14, hours=20)
    said(chat, 16, hours=10)
    CollectionGap.objects.create(bot=bot, began_at=hours_ago(72), ended_at=hours_ago(30), has_losses=True)

    first, second = gaps()

    assert counts(first) == (0, 0, 3, 0)
    assert counts(second) == (0, 0, 0, 1)
    assert "3 messages may be lost" in report()


def test_a_shorter_stop_lost_nothing(chat: Chat, bot: TelegramBot) -> None:
    said(chat, 10, hours=30)
    said(chat, 12, hours=5)
    CollectionGap.objects.create(bot=bot, began_at=hours_ago(20), ended_at=hours_ago(8))

    assert [counts(gap) for gap in gaps()] == [(0, 0, 0, 1)]


def test_another_bot_that_went_on_collecting_saw_it_all(chat: Chat, bot: TelegramBot) -> None:
    said(chat, 10, hours=80)
    said(chat, 12, hours=20)
    CollectionGap.objects.create(bot=bot, began_at=hours_ago(72), ended_at=hours_ago(30), has_losses=True)
    other = TelegramBot.objects.create(id=78, can_read_all_group_messages=True)
    for each in (bot, other):
        BotMembership.objects.create(bot=each, chat=chat, status="member", checked_at=timezone.now())

    assert [counts(gap) for gap in gaps()] == [(0, 0, 0, 1)]


def test_privacy_mode_hides_messages_from_members_but_not_from_administrators(
    chat: Chat, bot: TelegramBot
) -> None:
    said(chat, 10)
    said(chat, 12)
    TelegramBot.objects.update(can_read_all_group_messages=False)

    assert [counts(gap) for gap in gaps()] == [(0, 0, 1, 0)]

    BotMembership.objects.create(bot=bot, chat=chat, status="administrator", checked_at=timezone.now())
    assert [counts(gap) for gap in gaps()] == [(0, 0, 0, 1)]


def test_privacy_mode_hides_nothing_in_a_channel() -> None:
    channel = ChatFactory(chat_type="channel")
    said(channel, 10)
    said(channel, 12)
    TelegramBot.objects.update(can_read_all_group_messages=False)

    assert [counts(gap) for gap in gaps()] == [(0, 0, 0, 1)]


def test_what_was_said_while_the_bot_was_out_may_be_lost(chat: Chat) -> None:
    about = {"id": chat.pk, "type": chat.chat_type, "title": chat.name}
    for update_id, hours, status in [(1, 60, "kicked"), (2, 40, "member")]:
        change = {
            "chat": about,
            "date": int(hours_ago(hours).timestamp()),
            "new_chat_member": {"status": status},
        }
        receive(chat.pk, {"update_id": update_id, "my_chat_member": change})
    for number, hours in [(10, 70), (12, 30), (14, 20)]:
        said(chat, number, hours=hours)

    assert [counts(gap) for gap in gaps()] == [(0, 0, 1, 0), (0, 0, 0, 1)]


def test_what_was_said_between_an_export_and_the_first_collected_message_may_be_lost(chat: Chat) -> None:
    said(chat, 10, hours=50, source="import")
    said(chat, 12, hours=40, source="import")
    said(chat, 20, hours=5)
    said(chat, 22, hours=4, source="import")
    said(chat, 24, hours=3)

    assert [counts(gap) for gap in gaps()] == [(0, 0, 0, 1), (0, 0, 7, 0), (0, 0, 0, 1), (0, 0, 0, 1)]


def test_an_import_closes_the_gap(chat: Chat) -> None:
    said(chat, 10)
    said(chat, 12)
    said(chat, 11, source="import")

    assert gaps() == []


def test_an_import_is_told_on_the_day_of_the_import(chat: Chat) -> None:
    begun = {
        "chat": chat,
        "export_chat_id": 5,
        "export_type": "private_supergroup",
        "file_name": "result.json",
    }
    HistoryImport.objects.create(**begun, messages=7, added=5, present=2, state="finished")
    HistoryImport.objects.create(**begun | {"chat": ChatFactory.create()}, added=9, state="running")

    [line] = [line for line in report("--chat", str(chat.pk)).splitlines() if line.startswith("Import")]
    imports = as_json("--chat", str(chat.pk))["imports"]

    assert f"{chat}: 7 messages, 5 added, 2 already there, 0 left out (finished)" in line
    assert [(one["chat_id"], one["added"], one["state"]) for one in imports] == [(chat.pk, 5, "finished")]


def test_the_number_before_the_period_counts_and_older_gaps_do_not(chat: Chat) -> None:
    for number, hours in [(5, 900), (8, 800), (12, 2), (13, 1)]:
        said(chat, number, hours=hours)

    assert [(gap.after, gap.before) for gap in gaps()] == [(8, 12)]


def test_numbers_of_another_numbering_are_left_out(chat: Chat) -> None:
    said(chat, -999_999_990, hours=3, source="import")
    said(chat, 10)
    said(chat, 5000, business_connection_id="business")
    said(chat, 11)

    assert gaps() == []


@pytest.mark.parametrize("chat_type", ["private", "group"])
def test_private_chats_and_basic_groups_cannot_be_judged(chat_type: str) -> None:
    other = ChatFactory(chat_type=chat_type)
    said(other, 10, numbered_by=BOT_ID)
    said(other, 20, numbered_by=BOT_ID)

    assert gaps() == []
    assert as_json()["days"][0]["missing"] is None
    assert "Private chats and basic groups (1 here): missing numbers cannot be judged" in " ".join(
        report().split()
    )


def test_one_chat_can_be_looked_at_alone(chat: Chat) -> None:
    other = ChatFactory()
    receive(chat.pk, now_said(10, chat))
    receive(other.pk, now_said(11, other))
    said(other, 50)

    shown = as_json("--chat", str(chat.pk))

    assert {day["chat_id"] for day in shown["days"]} == {chat.pk}
    assert (shown["totals"]["received"], shown["gaps"]) == (1, [])


def test_a_quiet_hub_says_that_everything_is_stored(chat: Chat) -> None:
    receive(chat.pk, now_said(10, chat), now_said(11, chat))

    text = report("--check")

    assert "Everything that Telegram handed over is stored." in text
    assert "2 received = 2 parsed + 0 with nothing to store + 0 failed" in text
    assert max(map(len, text.splitlines())) <= 100


def test_check_ends_with_one_where_something_needs_a_person() -> None:
    store_updates(bot_id=BOT_ID, raw=[{"update_id": 11, "message": {"message_id": "?"}}])
    parse_waiting_updates()

    with pytest.raises(CommandError, match="needs a person") as refusal:
        report("--check")

    assert refusal.value.returncode == 1
    assert "1 update could not be read" in report()


def test_an_update_that_nobody_reads_is_said() -> None:
    store_updates(bot_id=BOT_ID, raw=[numbered(10)])
    assert "but 1 updates that are being read" in report()

    RawUpdate.objects.update(received_at=hours_ago(1))
    assert "nobody reads it" in report()


def test_replies_without_a_known_end_are_said_however_old(chat: Chat) -> None:
    ResponseFactory(chat=chat, status="unknown")
    type(ResponseFactory(chat=chat, status="failed")).objects.update(created_at=hours_ago(9000))

    text = report()

    assert "1 replies may or may not have been sent" in text
    assert "1 replies could not be sent" in text


def test_a_message_that_vanished_is_noticed(chat: Chat) -> None:
    receive(chat.pk, now_said(10, chat), now_said(11, chat))
    Message.objects.filter(telegram_message_id=10).delete()

    assert as_json()["broken_counts"] == [
        (
            "1 updates count as stored, but their messages are not there. Read them again: "
            f"manage.py replay_updates --since {timezone.localdate() - timedelta(days=6)}"
        )
    ]


def test_an_update_that_hides_its_number_behind_another_is_no_false_alarm(chat: Chat) -> None:
    update = now_said(10, chat)
    reply = {"reply_to_message": {"message_id": 3, "chat": {"id": 4}}}
    receive(chat.pk, {"update_id": 10, "message": {**reply, **update["message"]}})

    assert as_json()["broken_counts"] == []


def test_a_message_without_a_number_is_found_by_its_update(chat: Chat) -> None:
    receive(chat.pk, now_said(10, chat, message_id=0))

    assert as_json()["broken_counts"] == []


def test_updates_that_went_before_their_time_are_noticed(chat: Chat) -> None:
    receive(chat.pk, now_said(10, chat), now_said(11, chat), now_said(12, chat))
    RawUpdate.objects.filter(update_id=10).update(received_at=hours_ago(50))
    RawUpdate.objects.filter(update_id=11).delete()

    [broken] = as_json()["broken_counts"]

    assert broken == "1 messages were received, but their updates are gone before their time."


def test_an_old_update_that_is_read_at_last_makes_no_false_alarm(chat: Chat, settings: Settings) -> None:
    settings.RAW_UPDATES_KEEP_DAYS = 30
    old = now_said(11, chat)
    old["message"]["date"] -= 35 * 86_400
    receive(chat.pk, now_said(10, chat), old, now_said(12, chat))
    # The first waited for its mend, the second was read, kept for 30 days and deleted.
    RawUpdate.objects.filter(update_id=10).update(received_at=hours_ago(24 * 40))
    RawUpdate.objects.filter(update_id=11).delete()

    assert as_json("--days", "60")["broken_counts"] == []


def test_a_sent_reply_that_is_not_in_the_history_is_noticed(chat: Chat) -> None:
    ResponseFactory(chat=chat, status="sent", telegram_message_id=11)

    assert as_json()["broken_counts"] == [
        "1 replies were sent, but they do not stand in the history of their chats."
    ]


def test_a_state_that_nobody_counts_is_noticed(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(chat.pk, now_said(10, chat))
    RawUpdate.objects.update(parse_state="lost")

    assert as_json()["broken_counts"][0].startswith("1 updates were received, but 0 are parsed")


def test_a_name_cannot_move_the_terminals_cursor() -> None:
    said(ChatFactory(name="\x1b[2J\u202eМагазин 🌷"), 1)

    text = report()

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "Магазин 🌷" in text


def test_bots_are_listed_with_their_privacy(bot: TelegramBot) -> None:
    TelegramBot.objects.update(can_read_all_group_messages=False)

    assert "@hub_bot: last heard of Telegram 20" in report()
    assert "PRIVACY MODE IS ON" in report()
    assert as_json()["bots"][0]["reads_all_group_messages"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--days", "0"], "--days 0: from 1 to 3650"),
        (["--since", "soon"], "--since soon: not a date"),
        (["--since", "2999-01-01"], "has not come yet"),
        (["--chat", "5"], "the hub knows no such chat"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        report(*arguments)


@committed
def test_it_reads_as_of_one_moment_and_changes_nothing() -> None:
    with one_moment():
        before = TelegramBot.objects.count()
        with ThreadPoolExecutor(1) as other:
            other.submit(_another_bot).result()
        assert TelegramBot.objects.count() == before
        with pytest.raises(InternalError, match="read-only"), transaction.atomic():
            TelegramBot.objects.create(id=79)

    assert TelegramBot.objects.count() == before + 1


def _another_bot() -> None:
    TelegramBot.objects.create(id=78)
    connection.close()
