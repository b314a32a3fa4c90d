"""How collecting fares is written down: gaps, conflicts, the webhook's state, the bot's places in chats."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from bots import watching
from bots.checkup import check_bot
from bots.memberships import look_at_chats
from bots.models import BotMembership, CollectionGap, TelegramBot
from bots.simulator import SimulatedTelegram, answers
from messaging.models import Chat
from tests.factories import ChatFactory
from tests.fakes import BOT_ID

pytestmark = pytest.mark.django_db
OUR_WEBHOOK = f"https://hub.example.com/telegram/webhook/{BOT_ID}"


@pytest.fixture
def bot() -> TelegramBot:
    return TelegramBot.objects.create(id=BOT_ID, last_poll_at=Now())


def was(**fields: Any) -> None:
    """What the row held so long ago, by PostgreSQL's clock."""
    TelegramBot.objects.filter(pk=BOT_ID).update(
        **{name: Now() - value if isinstance(value, timedelta) else value for name, value in fields.items()}
    )


def info(**fields: Any) -> dict[str, Any]:
    return {"url": OUR_WEBHOOK, "pending_update_count": 0, **fields}


# --- gaps -----------------------------------------------------------------------------------------
def test_usual_polls_leave_no_gap_and_cost_one_query(
    bot: TelegramBot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    was(last_poll_at=timedelta(minutes=4, seconds=50))

    with django_assert_num_queries(1):
        watching.note_poll(BOT_ID)

    bot.refresh_from_db()
    assert bot.last_poll_at is not None
    assert timezone.now() - bot.last_poll_at < timedelta(minutes=1)
    assert not CollectionGap.objects.exists()


def test_the_first_poll_of_a_bot_ends_no_gap(bot: TelegramBot) -> None:
    was(last_poll_at=None)

    watching.note_poll(BOT_ID)

    assert not CollectionGap.objects.exists()


@pytest.mark.parametrize(("hours", "has_losses"), [(1, False), (23.9, False), (24.1, True), (100, True)])
def test_a_long_stop_leaves_a_gap_and_only_one_over_a_day_lost_something(
    bot: TelegramBot, hours: float, has_losses: bool
) -> None:
    was(last_poll_at=timedelta(hours=hours))

    watching.note_poll(BOT_ID)
    watching.note_poll(BOT_ID)

    gap = CollectionGap.objects.get()
    assert gap.ended_at - gap.began_at >= timedelta(hours=hours)
    assert (gap.has_losses, gap.reason) == (has_losses, watching.NOT_RUNNING)
    assert (gap.lost_until > gap.began_at) is has_losses


def test_a_gap_knows_what_went_wrong_meanwhile(bot: TelegramBot) -> None:
    watching.note_poll_error(BOT_ID, "an error of before")
    was(last_poll_at=timedelta(hours=1))
    watching.note_poll_error(BOT_ID, "TelegramNetworkError: no route")

    watching.note_poll(BOT_ID)

    assert CollectionGap.objects.get().reason == "TelegramNetworkError: no route"


def test_changing_to_a_webhook_and_back_is_no_gap(bot: TelegramBot) -> None:
    was(last_poll_at=timedelta(days=9), checked_at=timedelta(minutes=2), webhook_url=OUR_WEBHOOK)

    watching.note_webhook(BOT_ID, info())
    watching.note_webhook(BOT_ID, info(url=""))
    watching.note_poll(BOT_ID)

    assert not CollectionGap.objects.exists()


def test_what_went_to_a_webhook_elsewhere_did_not_reach_the_hub(bot: TelegramBot) -> None:
    was(last_poll_at=timedelta(days=2), checked_at=timedelta(minutes=2), webhook_url="https://elsewhere/")

    watching.note_webhook(BOT_ID, info(url="https://elsewhere/"))
    watching.note_webhook(BOT_ID, info(url=""))
    watching.note_poll(BOT_ID)

    gap = CollectionGap.objects.get()
    assert timedelta(days=2) <= gap.ended_at - gap.began_at < timedelta(days=2, minutes=1)
    assert gap.has_losses


def test_a_hub_with_a_webhook_that_was_away_for_days_leaves_a_gap(bot: TelegramBot) -> None:
    was(last_poll_at=timedelta(days=9), checked_at=timedelta(days=3), last_update_at=timedelta(days=2),
        webhook_url=OUR_WEBHOOK)  # fmt: skip

    watching.note_webhook(BOT_ID, info())

    gap = CollectionGap.objects.get()
    assert timedelta(days=2) <= gap.ended_at - gap.began_at < timedelta(days=2, minutes=1)
    assert gap.has_losses


# --- the webhook, conflicts, the token ------------------------------------------------------------
def test_a_webhook_fails_while_an_error_is_fresh_and_something_waits(bot: TelegramBot) -> None:
    recent, long_ago = (int((timezone.now() - timedelta(minutes=m)).timestamp()) for m in (1, 60))
    broken = {"last_error_message": "Connection refused", "pending_update_count": 3}
    told = []
    for facts in (
        info(),
        info(last_error_date=recent, **broken),
        info(last_error_date=long_ago, **broken),
        info(last_error_date=recent, **broken | {"pending_update_count": 0}),
    ):
        watching.note_webhook(BOT_ID, facts)
        bot.refresh_from_db()
        told.append((bot.webhook_error, bot.webhook_failing_since is not None))

    assert told == [("", False), ("Connection refused", True), ("", False), ("", False)]


def test_conflicts_are_counted_until_there_is_none_for_a_while(bot: TelegramBot) -> None:
    assert [watching.note_conflict(BOT_ID) for _again in range(3)] == [1, 2, 3]

    was(conflict_at=timedelta(minutes=16), conflict_since=timedelta(hours=1))
    assert watching.note_conflict(BOT_ID) == 1
    bot.refresh_from_db()
    assert bot.conflict_since == bot.conflict_at


@pytest.mark.parametrize("token", ["", "nonsense", ":x", "٣:x", f"{10**30}:x"])
def test_a_token_that_names_no_bot_leaves_no_row(token: str) -> None:
    watching.note_refused_token(token)

    assert not TelegramBot.objects.exists()


def test_a_refused_token_is_told_from_its_first_refusal_until_it_works(bot: TelegramBot) -> None:
    watching.note_refused_token(f"{BOT_ID}:secret")
    bot.refresh_from_db()
    since = bot.token_refused_at
    watching.note_refused_token(f"{BOT_ID}:secret")
    bot.refresh_from_db()
    assert bot.token_refused_at == since is not None

    watching.register_bot({"id": BOT_ID, "username": "hub_bot"})
    bot.refresh_from_db()
    assert bot.token_refused_at is None


# --- looking ---------------------------------------------------------------------------------------
def test_a_look_learns_of_privacy_mode_the_webhook_and_the_groups(telegram: SimulatedTelegram) -> None:
    telegram.turn_privacy_on()
    chat = telegram.add_chat(-1001, "Магазин")
    ChatFactory.create(id=-1001)
    chat.bot_status = "administrator"

    check_bot()

    bot = TelegramBot.objects.get()
    assert (bot.pk, bot.can_read_all_group_messages) == (telegram.bot["id"], False)
    assert bot.checked_at is not None
    assert BotMembership.objects.values_list("chat", "status").get() == (-1001, "administrator")


@pytest.mark.parametrize(
    "answer", [answers.bad_gateway(), answers.garbage(b'{"ok": true, "result": {"no": "bot"}}')]
)
def test_a_look_at_a_telegram_that_fails_is_only_a_log_line(
    telegram: SimulatedTelegram, caplog: pytest.LogCaptureFixture, answer: answers.Answer
) -> None:
    telegram.script("getMe", [answer])

    check_bot()

    assert not TelegramBot.objects.exists()
    [line] = caplog.messages
    assert line.startswith("bot cannot be checked error=")
    assert telegram.token not in line


def test_a_look_with_a_refused_token_is_written_down(telegram: SimulatedTelegram) -> None:
    telegram.revoke_token()

    check_bot()

    assert TelegramBot.objects.get(pk=telegram.bot["id"]).token_refused_at is not None


def test_a_token_that_is_none_is_no_fault_of_the_task(settings: Settings) -> None:
    settings.TELEGRAM_BOT_TOKEN = "nonsense"

    check_bot()

    assert not TelegramBot.objects.exists()


@pytest.fixture
def known(telegram: SimulatedTelegram) -> int:
    """The simulated bot's id, with its row."""
    return watching.register_bot(telegram.bot)


def statuses() -> list[tuple[int, str]]:
    return list(BotMembership.objects.order_by("-chat").values_list("chat", "status"))


def test_each_group_is_asked_about_once_a_day(telegram: SimulatedTelegram, known: int) -> None:
    for chat_id in (-1001, -1002, 5):
        telegram.add_chat(chat_id, "Магазин")
        ChatFactory.create(id=chat_id, chat_type="private" if chat_id > 0 else "supergroup")

    assert [look_at_chats(known), look_at_chats(known)] == [2, 0]
    assert statuses() == [(-1001, "member"), (-1002, "member")]

    BotMembership.objects.filter(chat=-1002).update(checked_at=Now() - timedelta(hours=25))
    assert look_at_chats(known) == 1
    assert telegram.calls("getChatMember")[-1].params["chat_id"] == "-1002"


def test_an_update_about_the_bots_place_has_it_asked_at_once(telegram: SimulatedTelegram, known: int) -> None:
    telegram.add_chat(-1001, "Магазин")
    ChatFactory.create(id=-1001)
    look_at_chats(known)
    telegram.kicks_bot(-1001)
    Chat.objects.update(membership_at=Now())

    assert look_at_chats(known) == 1

    assert statuses() == [(-1001, "kicked")]
    assert BotMembership.objects.get().changed_at is not None


def test_a_chat_of_another_bot_or_of_an_import_is_not_one_that_was_left(
    telegram: SimulatedTelegram, known: int
) -> None:
    ChatFactory.create(id=-1001)  # Telegram: chat not found
    look_at_chats(known)
    assert statuses() == [(-1001, "")]

    BotMembership.objects.update(status="member", checked_at=Now() - timedelta(days=2))
    look_at_chats(known)
    assert statuses() == [(-1001, "left")]


def test_what_a_person_accepted_counts_until_it_changes(telegram: SimulatedTelegram, known: int) -> None:
    telegram.add_chat(-1001, "Магазин")
    ChatFactory.create(id=-1001)
    look_at_chats(known)
    BotMembership.objects.update(status="kicked", accepted_at=Now(), checked_at=Now() - timedelta(days=2))

    look_at_chats(known)

    membership = BotMembership.objects.get()
    assert (membership.status, membership.accepted_at) == ("member", None)


def test_a_group_that_became_a_supergroup_does_not_stop_the_look(
    telegram: SimulatedTelegram, known: int
) -> None:
    for chat_id in (-1001, -1002):
        telegram.add_chat(chat_id, "Магазин")
        ChatFactory.create(id=chat_id)
    telegram.script("getChatMember", [answers.migrated(-100777)])

    assert look_at_chats(known) == 2

    assert sorted(status for _chat, status in statuses()) == ["", "member"]
