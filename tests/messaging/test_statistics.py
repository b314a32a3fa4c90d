"""Statistics say what the rows say, whatever happened to them, from any moment on."""

import random
import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from clients.models import RoleName
from cvgorod_hub.management.commands.rebuild_statistics import COMPARISONS
from intents.models import AnalysisCount, Intent, Sentiment
from intents.recounting import rebuild_analysis_counts
from intents.statistics import count_by_day, count_by_intent_and_sentiment, follow_time_zone
from messaging.models import AuthorActivity, ChatRoleActivity, Message, MessageCount, MessageCountChange
from messaging.quarters import BEGINNING, END, TOP_LEVEL, Period, nodes_between, quarter_of
from messaging.recounting import find_differences, rebuild_message_counts
from messaging.statistics import count_active_clients, count_by_role, count_messages
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory, PersonFactory, role
from tests.marks import committed
from tests.messaging import statistics_life as truth
from tests.messaging.statistics_life import Life

BEGINNING_OF_LIFE = datetime(2025, 3, 1, tzinfo=UTC)
STEPS = 60


def check_everything(seed: int) -> None:
    rows = truth.read_rows()
    some_chats = {row["chat_id"] for row in rows[::7]}
    of_chats = [row for row in rows if row["chat_id"] in some_chats]
    for since in [None, *truth.moments_of(random.Random(seed), rows)]:  # noqa: S311
        counted = truth.since_of(rows, since)
        assert count_messages(since) == len(counted), since
        assert count_by_role(since) == truth.by_role(counted), since
        assert count_active_clients(since) == truth.clients(counted), since
        if since is not None:
            assert count_by_intent_and_sentiment(since) == truth.meanings(counted), since
            assert count_by_day(since) == truth.by_day(counted), since
        seen = truth.since_of(of_chats, since)
        assert count_messages(since, chat_ids=some_chats) == len(seen)
        assert count_by_role(since, chat_ids=some_chats) == truth.by_role(seen)
        assert count_active_clients(since, chat_ids=some_chats) == truth.clients(seen)
        if since is not None:
            assert count_by_intent_and_sentiment(since, chat_ids=some_chats) == truth.meanings(seen)
            assert count_by_day(since, chat_ids=some_chats) == truth.by_day(seen)


def check_that_counts_need_no_rebuilding() -> None:
    """What stands, folded or not, is what counting from nothing makes, to the row."""
    assert find_differences(COMPARISONS) == {}
    fold()
    assert find_differences(COMPARISONS) == {}
    lived = stored_counts()
    rebuild()
    assert stored_counts() == lived


def stored_counts() -> list[list[str]]:
    """All that the counts hold, nodes of nothing apart."""
    contents = []
    with connection.cursor() as cursor:
        for query, _ in COMPARISONS.values():
            cursor.execute(query)
            contents.append(sorted(map(str, cursor.fetchall())))
    return contents


def fold() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT message_counts_fold(), analysis_counts_fold()")


def rebuild() -> None:
    rebuild_message_counts()
    rebuild_analysis_counts()


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_of_a_long_life_are_those_of_its_rows(seed: int) -> None:
    life = Life(seed, beginning=BEGINNING_OF_LIFE, days=800)
    for number in range(STEPS):
        life.step()
        if number % 6 == 0:
            life.rare_step()
        if number % 20 == 0:
            fold()
    check_everything(seed)

    check_that_counts_need_no_rebuilding()
    check_everything(seed)


@committed
def test_counts_are_exact_when_several_write_at_once() -> None:
    lives = [Life(seed, beginning=BEGINNING_OF_LIFE, days=3) for seed in (4, 5, 6)]
    for life in lives[1:]:
        life.people = lives[0].people
    errors: list[BaseException] = []

    def live(life: Life) -> None:
        try:
            for number in range(40):
                with transaction.atomic():
                    life.step()
                if life is lives[2] and number % 4 == 0:
                    with transaction.atomic():
                        life.dice.choice([life.change_roles, life.delete])()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=live, args=[life]) for life in lives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    check_everything(4)
    check_that_counts_need_no_rebuilding()


@committed
def test_a_role_that_changes_while_its_person_writes_counts_once() -> None:
    person, chat = PersonFactory(), ChatFactory()
    stored, may_commit, errors = threading.Event(), threading.Event(), []

    def write() -> None:
        try:
            with transaction.atomic():
                AnalysisFactory(message=MessageFactory(user=person, chat=chat))
                stored.set()
                assert may_commit.wait(timeout=30)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def promote() -> None:
        try:
            person.role = role(RoleName.MANAGER)
            person.save(update_fields=["role"])
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    writer, promoter = threading.Thread(target=write), threading.Thread(target=promote)
    writer.start()
    assert stored.wait(timeout=30)
    promoter.start()
    promoter.join(timeout=0.2)
    assert promoter.is_alive()  # it waits for the message that is being stored
    may_commit.set()
    writer.join()
    promoter.join()

    assert errors == []
    assert [row["role"] for row in count_by_role(None)] == ["manager"]
    check_that_counts_need_no_rebuilding()


@pytest.mark.parametrize("time_zone", ["Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "America/Havana"])
@pytest.mark.django_db
def test_days_follow_a_time_zone_that_changes(settings: Settings, time_zone: str) -> None:
    life = Life(7, beginning=BEGINNING_OF_LIFE, days=300)  # both of a year's changes of the clock
    for _ in range(30):
        life.step()
    settings.TIME_ZONE = time_zone

    check_everything(7)  # from the quarters
    assert follow_time_zone()
    check_everything(7)  # from the days
    assert not follow_time_zone()
    life.analyse()
    fold()
    check_everything(7)


def test_since_telegram_began_clocks_were_off_by_whole_quarters() -> None:
    hours = [datetime(2013, 8, 1, tzinfo=UTC) + timedelta(days=day) for day in range(0, 9_000, 20)]
    for name in available_timezones():
        zone = ZoneInfo(name)
        offsets = {moment.astimezone(zone).utcoffset() for moment in hours}
        assert not [offset for offset in offsets if offset is None or offset % timedelta(minutes=15)], name


@pytest.mark.django_db
def test_every_intent_and_sentiment_has_its_column() -> None:
    names = {field.name for field in AnalysisCount._meta.concrete_fields}
    labels = {f"intent_{intent}" for intent in Intent.values}
    labels |= {f"sentiment_{sentiment}" for sentiment in Sentiment.values}

    assert names - {"level", "bucket", "role_id"} == labels


@pytest.fixture
def many_changes(db: None) -> int:
    chat, person = ChatFactory(), PersonFactory()
    for _ in range(400):
        MessageFactory(chat=chat, user=person)
    return MessageCountChange.objects.count()


def test_changes_are_folded_by_whoever_writes(many_changes: int) -> None:
    assert many_changes < 130
    assert count_messages(None) == 400
    assert MessageCount.objects.filter(level=TOP_LEVEL).count() == 1


@pytest.mark.django_db
def test_the_command_compares_and_counts_again() -> None:
    AnalysisFactory()
    assert "All agree." in run_command("--check")
    MessageCountChange.objects.update(messages=5)

    with pytest.raises(CommandError, match=r"differ from the messages: counts of messages: 2\."):
        run_command("--check")
    assert count_messages(None) == 5
    run_command()

    assert count_messages(None) == 1
    assert "All agree." in run_command("--check")


def run_command(*arguments: str) -> str:
    said = StringIO()
    call_command("rebuild_statistics", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_nothing_is_left_of_messages_that_are_gone() -> None:
    AnalysisFactory()
    Message.objects.all().delete()
    fold()

    assert not any(stored_counts())
    assert not AuthorActivity.objects.exists()
    assert not ChatRoleActivity.objects.exists()
    assert count_by_role(None) == []


@given(first=st.integers(-1000, 5000), length=st.integers(0, 5000))
def test_nodes_are_the_quarters_in_between_each_once(first: int, length: int) -> None:
    quarters = [
        quarter
        for level, begin, end in nodes_between(first, first + length)
        for quarter in range(begin * 4**level, end * 4**level)
    ]

    assert sorted(quarters) == list(range(first, first + length))


@given(since=st.datetimes(timezones=st.just(UTC)))
def test_a_period_is_a_few_nodes(since: datetime) -> None:
    nodes = list(nodes_between(Period(since=since).first_whole, END))

    assert sum(end - first for level, first, end in nodes if level < TOP_LEVEL) <= 3 * TOP_LEVEL
    assert len(list(nodes_between(BEGINNING, END))) == 1


@given(moment=st.datetimes(timezones=st.just(UTC)))
@pytest.mark.django_db
def test_python_and_postgresql_count_the_same_quarters(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quarter_of(%s)", [moment])
        assert cursor.fetchone() == (quarter_of(moment),)
