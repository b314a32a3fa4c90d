"""When a reply goes out: the times that a person picks from, and the words for them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from messaging.models import Chat
from sandbox.models import SandboxSettings
from sandbox.working_hours import chat_zone, in_working_hours, next_opening

EVENING, MORNING = time(18), time(9)
# What <input type="datetime-local"> takes and gives.
FIELD_FORMAT = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Choice:
    """A time offered by one click, as a button says it and as the field takes it."""

    label: str
    value: str


def field_value(moment: datetime | None) -> str:
    """A time as the field shows it, in the hub's time zone; empty for "at once"."""
    return "" if moment is None else timezone.localtime(moment).strftime(FIELD_FORMAT)


def quick_choices(*, chat: Chat, rules: SandboxSettings) -> list[Choice]:
    """In an hour, this evening while it is ahead, tomorrow morning, the chat's next working day."""
    now = timezone.localtime()
    opening = timezone.localtime(next_opening(now, rules=rules, zone=chat_zone(chat)))
    offered: dict[datetime, str] = {}
    for moment, label in (
        (now + timedelta(hours=1), _("In an hour, %(time)s")),
        (_at(now, EVENING), _("This evening, %(time)s")),
        (_at(now + timedelta(days=1), MORNING), _("Tomorrow, %(time)s")),
        (opening, _("When work begins: %(day)s, %(time)s")),
    ):
        if moment > now:
            offered.setdefault(moment, label)
    return [
        Choice(label % {"day": _day(moment), "time": f"{moment:%H:%M}"}, field_value(moment))
        for moment, label in offered.items()
    ]


def goes_out(moment: datetime, *, chat: Chat, rules: SandboxSettings) -> str:
    """One sentence: when a reply with this time goes out, by the house rules."""
    now = timezone.now()
    actual = in_working_hours(moment, chat=chat, rules=rules)
    if actual <= now:
        return _("Its time has passed: it goes out at once.")
    if actual > moment:
        sentence = _("That is outside working hours. It goes out %(when)s.")
    else:
        sentence = _("It goes out %(when)s.")
    return sentence % {"when": in_words(actual) + _at_the_clients(actual, chat)}


def in_words(moment: datetime) -> str:
    """«today at 18:00», «23 November at 09:00», in the hub's time zone."""
    local = timezone.localtime(moment)
    return _("%(day)s at %(time)s") % {"day": _day(local), "time": f"{local:%H:%M}"}


def _at_the_clients(moment: datetime, chat: Chat) -> str:
    local, theirs = timezone.localtime(moment), moment.astimezone(chat_zone(chat))
    if local.utcoffset() == theirs.utcoffset():
        return ""
    return _(" (%(time)s where the client is)") % {"time": f"{theirs:%H:%M}"}


def _day(local: datetime) -> str:
    days = (local.date() - timezone.localdate()).days
    if days in (0, 1):
        return _("today") if days == 0 else _("tomorrow")
    return formats.date_format(local, "j E")


def _at(day: datetime, hour: time) -> datetime:
    return datetime.combine(day.date(), hour, day.tzinfo)
