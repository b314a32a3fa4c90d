"""When a chat's people work: for replies that are sent on schedule, and for how long clients wait."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from messaging.models import Chat
from sandbox.models import SandboxSettings

SATURDAY, SUNDAY = 5, 6


def chat_zone(chat: Chat) -> ZoneInfo:
    """The chat's own time zone, else the hub's."""
    return zone_named(chat.time_zone)


def zone_named(name: str) -> ZoneInfo:
    """A chat's `time_zone`; empty: the hub's."""
    return ZoneInfo(name or settings.TIME_ZONE)


def in_working_hours(moment: datetime, *, chat: Chat, rules: SandboxSettings) -> datetime:
    """When a reply that is scheduled for this moment goes out, by the house rules."""
    if not rules.scheduled_in_work_hours:
        return moment
    return next_working_moment(max(moment, timezone.now()), rules=rules, zone=chat_zone(chat))


def next_working_moment(moment: datetime, *, rules: SandboxSettings, zone: ZoneInfo) -> datetime:
    """The moment itself where it lies in working hours, else when the next working day begins."""
    local = moment.astimezone(zone)
    day = local.date()
    if _is_working_day(day, rules):
        if rules.work_starts <= local.time() < rules.work_ends:
            return moment
        if local.time() < rules.work_starts:
            return datetime.combine(day, rules.work_starts, zone)
    return next_opening(moment, rules=rules, zone=zone)


def next_opening(moment: datetime, *, rules: SandboxSettings, zone: ZoneInfo) -> datetime:
    """When the first working day after this one begins."""
    opening = datetime.combine(moment.astimezone(zone).date(), rules.work_starts, zone)
    while True:
        # Wall-clock arithmetic: nine in the morning stays nine when the clocks change.
        opening += timedelta(days=1)
        if _is_working_day(opening.date(), rules):
            return opening


class WorkCalendar:
    """How much working time lies between two moments, in one zone; days that were asked for are kept."""

    def __init__(self, *, rules: SandboxSettings, zone: ZoneInfo) -> None:
        self._rules = rules
        self._zone = zone
        self._days: dict[date, tuple[datetime, datetime] | None] = {}

    def time_between(self, begin: datetime, end: datetime) -> timedelta:
        """Nothing where `end` is not after `begin`, or both lie outside working hours of the same night."""
        day, last = begin.astimezone(self._zone).date(), end.astimezone(self._zone).date()
        total = timedelta()
        while day <= last:
            if hours := self._hours(day):
                total += max(min(end, hours[1]) - max(begin, hours[0]), timedelta())
            day += timedelta(days=1)
        return total

    def is_open(self, moment: datetime) -> bool:
        """Whether people work at that moment; not any more when work ends."""
        hours = self._hours(moment.astimezone(self._zone).date())
        return hours is not None and hours[0] <= moment < hours[1]

    def _hours(self, day: date) -> tuple[datetime, datetime] | None:
        """From when to when, as moments that can be compared with any other; None on a free day."""
        if day not in self._days:
            rules = self._rules
            times = (rules.work_starts, rules.work_ends) if _is_working_day(day, rules) else ()
            # In UTC: between two times of one zone Python subtracts what the clocks show.
            moments = [datetime.combine(day, time, self._zone).astimezone(UTC) for time in times]
            self._days[day] = (moments[0], moments[1]) if moments else None
        return self._days[day]


def _is_working_day(day: date, rules: SandboxSettings) -> bool:
    if day.weekday() == SATURDAY:
        return rules.works_saturday
    return rules.works_sunday if day.weekday() == SUNDAY else True
