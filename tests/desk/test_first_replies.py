"""How soon clients were answered: exact against plain Python, and each rule by itself."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from clients.models import RoleName
from cvgorod_hub.common.together import read_together
from cvgorod_hub.desk.home.first_replies import (
    LOOKS_BACK,
    FirstReply,
    ask_first_replies,
    nearest_rank,
    read_first_replies,
    sum_up,
)
from cvgorod_hub.desk.work_time import WorkTime
from messaging.models import Message
from sandbox.models import PendingResponse, SandboxSettings
from sandbox.working_hours import WorkCalendar
from tests.desk.life import BEGAN, Life
from tests.factories import ChatFactory, ManagerFactory, MessageFactory, PersonFactory, ResponseFactory, role

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("Europe/Moscow"))
HOUR = timedelta(hours=1)


def replies(since: datetime = MONDAY - HOUR, until: datetime = MONDAY + 8 * HOUR) -> list[FirstReply]:
    rows = read_together({"replies": ask_first_replies(since, until)})["replies"]
    return read_first_replies(rows, WorkTime(SandboxSettings()))


def told() -> list[tuple[str, timedelta]]:
    return [(reply.who, reply.wall) for reply in replies()]


@pytest.mark.parametrize("seed", range(6))
def test_a_random_life_is_what_plain_python_says(seed: int) -> None:
    life = Life(random.Random(seed))  # noqa: S311
    life.live(160)
    pairs = life.pairs()
    calendar = WorkCalendar(rules=SandboxSettings(), zone=ZoneInfo("Europe/Moscow"))
    assert len(pairs) > 20

    for days in [*(life.dice.randrange(15) for _ in range(4)), -1]:
        since = BEGAN + timedelta(days=days, minutes=life.dice.randrange(600))
        until = since + timedelta(days=life.dice.choice([1, 3, 20]))
        found = [
            (one.message_id, one.chat_id, one.asked_at, one.answered_at, one.who, one.working)
            for one in replies(since, until)
        ]

        assert found == [
            (*pair, calendar.time_between(pair[2], pair[3])) for pair in pairs if since <= pair[3] < until
        ]


def test_the_first_word_counts_and_the_first_answer() -> None:
    chat, client, manager = ChatFactory(), PersonFactory(), ManagerFactory(first_name="Анна", last_name="")
    for minutes, person in [
        (0, client),
        (10, client),
        (30, manager),
        (40, manager),
        (50, client),
        (55, manager),
    ]:
        MessageFactory(chat=chat, user=person, timestamp=MONDAY + timedelta(minutes=minutes))

    assert told() == [
        (f"person-{manager.pk}", timedelta(minutes=30)),
        (f"person-{manager.pk}", timedelta(minutes=5)),
    ]
    assert {reply.name for reply in replies()} == {"Анна"}


def test_what_was_asked_before_the_period_counts_from_then() -> None:
    chat, client, manager = ChatFactory(), PersonFactory(), ManagerFactory()
    earlier = [(-50, client), (-40, manager), (-30, client), (-20, client), (1, client), (2, manager)]
    for hours, person in earlier:
        MessageFactory(chat=chat, user=person, timestamp=MONDAY + hours * HOUR)

    [reply] = replies()

    assert reply.asked_at == MONDAY - 30 * HOUR
    # Sunday, on which nobody works, and two hours of Monday.
    assert reply.working == 2 * HOUR


def test_a_question_is_sought_for_ninety_days() -> None:
    chat, client = ChatFactory(), PersonFactory()
    for at in (MONDAY - 2 * LOOKS_BACK, MONDAY - LOOKS_BACK + HOUR):
        MessageFactory(chat=chat, user=client, timestamp=at)
    MessageFactory(chat=chat, user=ManagerFactory(), timestamp=MONDAY)

    assert [reply.asked_at for reply in replies()] == [MONDAY - LOOKS_BACK + HOUR]


def test_a_word_without_a_question_answers_nothing() -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, user=ManagerFactory(), timestamp=MONDAY)
    MessageFactory(chat=chat, user=PersonFactory(role=role(RoleName.BROADCAST_BOT)), timestamp=MONDAY)
    MessageFactory(chat=chat, user=PersonFactory(), timestamp=MONDAY + HOUR)

    assert replies() == []


def test_the_chats_own_zone_says_when_people_work() -> None:
    chat = ChatFactory(time_zone="Asia/Vladivostok")  # seven hours ahead: work has ended at eleven in Moscow
    MessageFactory(chat=chat, user=PersonFactory(), timestamp=MONDAY)
    MessageFactory(chat=chat, user=ManagerFactory(), timestamp=MONDAY + 3 * HOUR)

    [reply] = replies()

    assert (reply.working, reply.wall) == (2 * HOUR, 3 * HOUR)


def test_what_a_person_saw_arrive_is_of_whoever_approved_it() -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, user=PersonFactory(), timestamp=MONDAY)
    MessageFactory(
        chat=chat, user=None, telegram_message_id=None, origin="response:1", source=Message.Source.SENT,
        timestamp=MONDAY + HOUR,
    )  # fmt: skip
    reply = ResponseFactory(
        chat=chat, status="sent", approved_by="Борис", sent_at=MONDAY + HOUR, telegram_message_id=None
    )
    PendingResponse.objects.filter(pk=reply.pk).update(created_at=MONDAY)

    assert told() == [("name-Борис", HOUR)]


def test_a_send_without_its_reply_is_of_nobody_known() -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, user=PersonFactory(), timestamp=MONDAY)
    MessageFactory(chat=chat, user=PersonFactory(), source=Message.Source.SENT, timestamp=MONDAY + HOUR)

    assert told() == [("unknown", HOUR)]


def test_the_review_chat_is_left_out(settings: Settings) -> None:
    chat = ChatFactory()
    settings.TELEGRAM_REVIEW_CHAT_ID = chat.pk
    MessageFactory(chat=chat, user=PersonFactory(), timestamp=MONDAY)
    MessageFactory(chat=chat, user=ManagerFactory(), timestamp=MONDAY + HOUR)

    assert replies() == []


@pytest.mark.parametrize(
    ("minutes", "median", "slow"),
    [
        ([7], 7, 7),
        ([1, 4], 2.5, 4),
        ([1, 2, 9], 2, 9),
        (list(range(1, 11)), 5.5, 9),
        (list(range(1, 21)), 10.5, 18),
    ],
)
def test_half_and_nine_of_ten(minutes: list[int], median: float, slow: int) -> None:
    manager = ManagerFactory()
    for number in minutes:
        chat = ChatFactory()
        MessageFactory(chat=chat, user=PersonFactory(), timestamp=MONDAY)
        MessageFactory(chat=chat, user=manager, timestamp=MONDAY + timedelta(minutes=number))

    [one] = sum_up(replies())

    assert (one.replies, one.median, one.slow) == (
        len(minutes), timedelta(minutes=median), timedelta(minutes=slow),
    )  # fmt: skip


def test_the_nearest_rank_of_one_is_that_one() -> None:
    assert nearest_rank([HOUR], 0.9) == HOUR


def test_times_are_of_this_world() -> None:
    """PostgreSQL's JSON keeps the offset."""
    chat = ChatFactory()
    MessageFactory(chat=chat, user=PersonFactory(), timestamp=MONDAY)
    MessageFactory(chat=chat, user=ManagerFactory(), timestamp=MONDAY + HOUR)

    [reply] = replies()

    assert (reply.asked_at, reply.asked_at.tzinfo is not None) == (MONDAY.astimezone(UTC), True)
