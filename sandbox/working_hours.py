"""When a chat's people work: for replies that are sent on schedule."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from messaging.models import Chat
from sandbox.models import SandboxSettings

SATURDAY, SUNDAY = 5, 6


def chat_zone(chat: Chat) -> ZoneInfo:
    """The chat's own time zone, else the hub's."""
    return ZoneInfo(chat.time_zone or timezone.get_default_timezone_name())


def in_working_hours(moment: datetime, *, chat: Chat, rules: SandboxSettings) -> datetime:
    """When a reply that is scheduled for this moment goes out, by the house rules."""
    if not rules.scheduled_in_work_hours:
        return moment
    return next_working_moment(max(moment, timezone.now()), rules=rules, zone=chat_zone(chat))


def next_working_moment(moment: datetime, *, rules: SandboxSettings, zone: ZoneInfo) -> datetime:
    """The moment itself where it lies in working hours, else when the next working day begins."""
    local = moment.astimezone(zone)
    day = local.date()
    if _is_working_day(local, rules):
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
        if _is_working_day(opening, rules):
            return opening


def _is_working_day(local: datetime, rules: SandboxSettings) -> bool:
    if local.weekday() == SATURDAY:
        return rules.works_saturday
    return rules.works_sunday if local.weekday() == SUNDAY else True
