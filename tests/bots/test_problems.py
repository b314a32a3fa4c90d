"""What is wrong is found, in words, from what was written down; what is well is not."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from bots.models import BotMembership, CollectionGap, RawUpdate, TelegramBot
from bots.problems import Problem, Severity, find_problems
from bots.silence import SHORTEST_ALARM, UNTIL_A_WEEK_IS_KNOWN, alarm_after, learn_silence
from tests.factories import ChatFactory
from tests.fakes import BOT_ID

pytestmark = pytest.mark.django_db

MakeBot = Callable[..., TelegramBot]
OUR_WEBHOOK = f"https://hub.example.com/telegram/webhook/{BOT_ID}"


def ago(**length: float) -> datetime:
    return timezone.now() - timedelta(**length)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def make_bot() -> MakeBot:
    """A bot with which all is well, but for the fields given; a length of time means so long ago."""

    def make(**fields: Any) -> TelegramBot:
        well = {
            "id": BOT_ID,
            "username": "hub_bot",
            "can_read_all_group_messages": True,
            "last_poll_at": ago(seconds=20),
            "last_update_at": ago(minutes=1),
            "checked_at": ago(minutes=1),
        }
        now = timezone.now()
        told = {
            name: now - value if isinstance(value, timedelta) else value for name, value in fields.items()
        }
        return TelegramBot.objects.create(**{**well, **told})

    return make


def codes() -> list[str]:
    return [problem.code for problem in find_problems()]


def only() -> Problem:
    [problem] = find_problems()
    return problem


def test_a_bot_that_collects_has_no_problem(make_bot: MakeBot) -> None:
    make_bot()

    assert find_problems() == []


@pytest.mark.parametrize(("token", "says"), [("", "TELEGRAM_BOT_TOKEN"), ("1:x", "collect_telegram")])
def test_without_any_bot_it_says_how_to_begin(settings: Settings, token: str, says: str) -> None:
    settings.TELEGRAM_BOT_TOKEN = token

    problem = only()

    assert (problem.code, problem.severity) == ("no_bot", Severity.WARNING)
    assert says in problem.advice


@pytest.mark.parametrize(
    ("fields", "code", "severity", "says"),
    [
        (
            {
                "last_poll_at": timedelta(minutes=6),
                "poll_error": "boom",
                "poll_error_at": timedelta(minutes=1),
            },
            "collector_silent",
            "critical",
            "The last error: boom.",
        ),
        (
            {"last_poll_at": timedelta(hours=25)},
            "collector_silent",
            "critical",
            "imported from exports",
        ),
        ({"token_refused_at": timedelta(hours=1)}, "token_refused", "critical", "@BotFather"),
        (
            {"conflicts": 3, "conflict_since": timedelta(minutes=9), "conflict_at": timedelta(minutes=1)},
            "polling_conflict",
            "critical",
            "/revoke",
        ),
        (
            {
                "webhook_url": OUR_WEBHOOK,
                "webhook_error": "Connection refused",
                "webhook_waiting": 7,
                "webhook_failing_since": timedelta(minutes=3),
                "last_poll_at": timedelta(days=9),
            },
            "webhook_failing",
            "critical",
            "Connection refused",
        ),
        (
            {"webhook_url": "https://elsewhere.example.com/", "last_poll_at": timedelta(days=9)},
            "webhook_elsewhere",
            "critical",
            "They go to https://elsewhere.example.com/.",
        ),
        ({"can_read_all_group_messages": False}, "privacy_on", "warning", "/setprivacy"),
        ({"last_update_at": timedelta(hours=80)}, "no_updates", "warning", "privacy mode"),
    ],
)
def test_each_trouble_of_a_bot_says_what_to_do(
    make_bot: MakeBot, fields: dict[str, Any], code: str, severity: str, says: str
) -> None:
    make_bot(**fields)

    problem = only()

    assert (problem.code, problem.severity) == (code, severity)
    assert says in problem.advice
    assert problem.link == f"/admin/bots/telegrambot/{BOT_ID}/change/"


@pytest.mark.parametrize(
    "fields",
    [
        {"last_poll_at": timedelta(minutes=4)},
        {"last_poll_at": None},
        {"conflicts": 2, "conflict_at": timedelta(minutes=1)},
        {"conflicts": 900, "conflict_at": timedelta(minutes=16)},
        {"webhook_url": OUR_WEBHOOK, "last_poll_at": timedelta(days=9)},
        {"can_read_all_group_messages": False, "checked_at": None},
        {"last_update_at": timedelta(hours=70)},
        {"is_watched": False, "last_poll_at": timedelta(days=9), "token_refused_at": timedelta(days=9)},
    ],
)
def test_what_is_no_trouble_is_not_told(make_bot: MakeBot, fields: dict[str, Any]) -> None:
    make_bot(**fields)
    make_bot(id=1)  # one that is well, so that there is a bot at all

    assert find_problems() == []


def test_a_bot_whose_collector_is_down_is_not_silent_as_well(make_bot: MakeBot) -> None:
    make_bot(last_poll_at=ago(hours=90), last_update_at=ago(hours=90))

    assert codes() == ["collector_silent"]


def test_groups_without_the_right_to_read_and_groups_that_are_gone(make_bot: MakeBot) -> None:
    blind, seeing = make_bot(can_read_all_group_messages=False), make_bot(id=2)
    states = ["member", "member", "restricted", "member", "administrator", "kicked", "left", ""]
    for number, status in enumerate(states):
        for bot in (blind, seeing):
            BotMembership.objects.create(
                bot=bot,
                chat=ChatFactory.create(name=f"Магазин {number}"),
                status=status,
                changed_at=ago(hours=number + 1),
                checked_at=ago(hours=1),
            )
    BotMembership.objects.filter(bot=seeing, status="left").update(accepted_at=Now())

    found = {(problem.code, problem.title): problem for problem in find_problems()}

    assert list(found) == [
        ("cannot_read", "@hub_bot cannot read 4 groups"),
        ("privacy_on", "Privacy mode of @hub_bot is on: it does not see what clients write"),
        ("removed_from_chat", "@hub_bot was removed from 1 chat"),
        ("removed_from_chat", "@hub_bot was removed from 2 chats"),
    ]
    assert "Магазин 0, Магазин 1, Магазин 2 and 1 more" in next(iter(found.values())).advice


def test_two_bots_in_one_basic_group_double_it(make_bot: MakeBot) -> None:
    one, other = make_bot(), make_bot(id=BOT_ID + 1)
    rights = BotMembership.Status.ADMINISTRATOR
    for chat_type in ("group", "supergroup"):
        chat = ChatFactory.create(name=f"Салон {chat_type}", chat_type=chat_type)
        for bot in (one, other):
            BotMembership.objects.create(bot=bot, chat=chat, status=rights, checked_at=ago(hours=1))

    problem = only()

    assert (problem.code, problem.severity) == ("doubled_groups", Severity.WARNING)
    assert "collect 1 group:" in problem.title
    assert problem.advice.startswith("Салон group:")


def test_lost_messages_stay_a_problem_until_somebody_deals_with_them(make_bot: MakeBot) -> None:
    make_bot()
    gap = CollectionGap.objects.create(
        bot_id=BOT_ID, began_at=ago(days=5), ended_at=ago(days=3), has_losses=True
    )
    CollectionGap.objects.create(bot_id=BOT_ID, began_at=ago(hours=5), ended_at=ago(hours=3))

    problem = only()
    assert (problem.code, problem.since) == ("messages_lost", gap.began_at)
    assert "import_telegram_export" in problem.advice

    CollectionGap.objects.update(resolved_at=Now())
    assert find_problems() == []


def test_updates_that_failed_or_that_nobody_reads(make_bot: MakeBot) -> None:
    make_bot()
    for state in ("failed", "failed", "pending", "parsed", "dismissed"):
        RawUpdate.objects.create(bot_id=BOT_ID, kind="message", payload="{}", parse_state=state)
    assert codes() == ["failed_updates"]

    RawUpdate.objects.update(received_at=ago(minutes=6))
    assert codes() == ["unread_updates", "failed_updates"]


def test_a_problem_is_found_with_few_queries(
    make_bot: MakeBot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Bots, what there is of each kind, groups, groups with two bots, gaps; however many."""
    for number in range(5):
        bot = make_bot(id=number + 1, can_read_all_group_messages=False, last_poll_at=ago(days=2))
        CollectionGap.objects.create(bot=bot, began_at=ago(days=9), ended_at=ago(days=7), has_losses=True)
        for status in ("kicked", "member"):
            BotMembership.objects.create(
                bot=bot, chat=ChatFactory.create(), status=status, checked_at=ago(hours=1)
            )
        RawUpdate.objects.create(bot=bot, kind="x", payload="{}", parse_state="failed")

    with django_assert_num_queries(5):
        assert len(find_problems()) > 10


def test_that_nothing_is_wrong_is_found_with_two_queries(
    make_bot: MakeBot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_bot(last_poll_at=ago(seconds=1), checked_at=ago(minutes=1), can_read_all_group_messages=True)

    with django_assert_num_queries(2):
        assert find_problems() == []


# --- what is usual --------------------------------------------------------------------------------
def test_a_silence_is_learnt_when_an_update_ends_it(make_bot: MakeBot) -> None:
    began = ago(hours=10)
    bot = make_bot(last_update_at=began)
    for hours in (1, 3, 9):
        learn_silence(bot, began + timedelta(hours=hours), is_collecting=True)
    assert bot.silences == {}  # it goes on, and must not make itself usual

    bot.last_update_at = began + timedelta(hours=9, minutes=30)
    learn_silence(bot, began + timedelta(hours=10), is_collecting=True)

    assert list(bot.silences.values()) == [9 * 3600]


def test_an_outage_teaches_no_silence(make_bot: MakeBot) -> None:
    began = ago(days=3)
    bot = make_bot(last_update_at=began)
    learn_silence(bot, began + timedelta(hours=1), is_collecting=True)
    learn_silence(bot, began + timedelta(days=2), is_collecting=False)
    bot.last_update_at = began + timedelta(days=2, hours=1)
    learn_silence(bot, began + timedelta(days=2, hours=2), is_collecting=True)

    assert list(bot.silences.values()) == [3600]


def test_a_weekend_is_usual_once_it_was_seen_and_forgotten_after_two_weeks(make_bot: MakeBot) -> None:
    bot = make_bot(last_update_at=ago(days=30))
    assert alarm_after(bot) == UNTIL_A_WEEK_IS_KNOWN

    day = ago(days=20)
    for number in range(20):
        bot.last_update_at = day + timedelta(days=number)
        learn_silence(bot, bot.last_update_at + timedelta(hours=62 if number == 1 else 1), is_collecting=True)
        if number == 10:
            assert alarm_after(bot) == timedelta(hours=93)
    assert len(bot.silences) == 14
    assert alarm_after(bot) == SHORTEST_ALARM
