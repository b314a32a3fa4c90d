import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from bots.report.period import Period
from messaging.models import Chat
from sandbox import delivery, review
from sandbox.actors import Actor
from sandbox.models import SandboxSettings
from sandbox.working_hours import WorkCalendar, next_working_moment, zone_named
from tests.factories import ChatFactory, ResponseFactory
from tests.fakes import FakeTransport

MOSCOW = ZoneInfo("Europe/Moscow")


def moscow(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 22nd is a Sunday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("asked", "goes_out"),
    [
        (moscow(23, 9), moscow(23, 9)),
        (moscow(23, 17, 59), moscow(23, 17, 59)),
        (moscow(23, 18), moscow(24, 9)),
        (moscow(23, 3), moscow(23, 9)),
        (moscow(21, 12), moscow(21, 12)),  # Saturday
        (moscow(21, 20), moscow(23, 9)),
        (moscow(22, 12), moscow(23, 9)),  # Sunday
    ],
)
def test_a_moment_outside_working_hours_waits_for_the_next_day(asked: datetime, goes_out: datetime) -> None:
    assert next_working_moment(asked, rules=SandboxSettings(), zone=MOSCOW) == goes_out


def test_a_week_without_weekends() -> None:
    rules = SandboxSettings(works_saturday=False)

    assert next_working_moment(moscow(20, 19), rules=rules, zone=MOSCOW) == moscow(23, 9)


def test_nine_in_the_morning_stays_nine_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 10, 24, 20, tzinfo=berlin)  # the clocks go back in this night

    opening = next_working_moment(evening, rules=SandboxSettings(works_sunday=True), zone=berlin)

    assert opening == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_work_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match="work_ends"):
        SandboxSettings(work_starts=time(18), work_ends=time(9)).full_clean()


@pytest.mark.django_db
class TestScheduledReplies:
    @pytest.fixture
    def closed_chat(self) -> Chat:
        """Whenever this test runs, nobody works in this chat now, nor in the next minutes."""
        hour = datetime.now(UTC).hour
        is_evening = hour >= 12
        SandboxSettings.objects.update(
            scheduled_in_work_hours=True,
            works_sunday=True,
            work_starts=time(1) if is_evening else time(20),
            work_ends=time(2) if is_evening else time(21),
        )
        return ChatFactory(time_zone="UTC")

    def test_the_approval_moves_them_to_working_hours(self, closed_chat: Chat) -> None:
        asked = timezone.now() + timedelta(minutes=5)
        draft = ResponseFactory(chat=closed_chat, scheduled_at=asked)

        approved = review.approve(response_id=draft.pk, actor=Actor(name="Анна"))

        assert approved.scheduled_at is not None
        assert approved.scheduled_at > asked
        rules = SandboxSettings.get_solo()
        assert approved.scheduled_at.astimezone(ZoneInfo("UTC")).time() == rules.work_starts

    def test_a_late_one_does_not_ring_at_night(
        self, closed_chat: Chat, transport: type[FakeTransport]
    ) -> None:
        late = ResponseFactory(
            chat=closed_chat,
            status="approved",
            approved_at=timezone.now() - timedelta(hours=2),
            scheduled_at=timezone.now() - timedelta(hours=1),
        )

        assert not delivery.deliver_one()

        late.refresh_from_db()
        assert transport.sent == []
        assert late.scheduled_at > timezone.now()
        assert [event.kind for event in late.events.all()] == ["scheduled"]

    def test_without_the_setting_the_time_asked_for_is_kept(self, closed_chat: Chat) -> None:
        SandboxSettings.objects.update(scheduled_in_work_hours=False)
        asked = timezone.now() + timedelta(minutes=5)
        draft = ResponseFactory(chat=closed_chat, scheduled_at=asked)

        assert review.approve(response_id=draft.pk, actor=Actor(name="Анна")).scheduled_at == asked

    def test_what_is_not_scheduled_goes_out_at_once(
        self, closed_chat: Chat, transport: type[FakeTransport]
    ) -> None:
        ResponseFactory(chat=closed_chat, status="approved", approved_at=timezone.now())

        assert delivery.deliver_one()
        assert len(transport.sent) == 1


# --- working time between two moments -----------------------------------------------------------
@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (moscow(23, 10), moscow(23, 11, 30), timedelta(hours=1, minutes=30)),
        (moscow(23, 17), moscow(24, 10), timedelta(hours=2)),
        (moscow(23, 19), moscow(24, 8), timedelta()),
        (moscow(21, 17), moscow(23, 10), timedelta(hours=2)),  # over Sunday
        (moscow(23, 11), moscow(23, 10), timedelta()),
        (moscow(16, 0), moscow(23, 0), timedelta(hours=6 * 9)),
    ],
)
def test_only_working_hours_count(begin: datetime, end: datetime, expected: timedelta) -> None:
    calendar = WorkCalendar(rules=SandboxSettings(), zone=MOSCOW)

    assert calendar.time_between(begin, end) == expected


@pytest.mark.parametrize("zone", ["Europe/Moscow", "Asia/Vladivostok", "Europe/Berlin", "America/St_Johns"])
def test_working_time_is_what_counting_minute_by_minute_gives(zone: str) -> None:
    dice = random.Random(zone)  # noqa: S311
    rules = SandboxSettings(work_starts=time(8, 30), work_ends=time(17, 45), works_saturday=False)
    calendar, here = WorkCalendar(rules=rules, zone=ZoneInfo(zone)), ZoneInfo(zone)

    def is_working(moment: datetime) -> bool:
        local = moment.astimezone(here)
        return local.weekday() < 5 and time(8, 30) <= local.time() < time(17, 45)

    for _ in range(30):
        # Around the days on which clocks change in Berlin and St. John's.
        begin = datetime(2026, 10, 22, tzinfo=UTC) + timedelta(minutes=dice.randrange(15 * 24 * 60))
        minutes = [begin + timedelta(minutes=number) for number in range(dice.randrange(4 * 24 * 60))]
        expected = timedelta(minutes=sum(map(is_working, minutes)))

        assert calendar.time_between(begin, begin + timedelta(minutes=len(minutes))) == expected
        assert calendar.is_open(begin) is is_working(begin)


@pytest.mark.parametrize("name", ["Europe/Moscow", "UTC", "Etc/GMT-5"])
def test_the_hubs_own_zone_is_the_one_that_was_set(settings: Settings, name: str) -> None:
    """Also where Python calls it something else: Etc/GMT-5 is "+05" to it."""
    settings.TIME_ZONE = name

    assert zone_named("") == ZoneInfo(name)
    assert Period.last_days(1).time_zone == name
