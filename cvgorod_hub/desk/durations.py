"""How long something took or takes, as people say it."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from cvgorod_hub.common.dates import local_time

MINUTE = timedelta(minutes=1)
MINUTES_A_DAY = 24 * 60


def in_words(time: timedelta) -> str:
    """Working time: in hours and minutes, however many hours there are."""
    if time < MINUTE:
        return _("under 1 min")
    hours, minutes = divmod(time // MINUTE, 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": minutes}
    if not minutes:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}


def by_the_clock(time: timedelta) -> str:
    """Time as clocks count it: from a day on in days and hours."""
    days, minutes = divmod(time // MINUTE, MINUTES_A_DAY)
    if not days:
        return in_words(time)
    if hours := minutes // 60:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    return _("%(days)d d") % {"days": days}


def moment_of(text: str | None) -> datetime | None:
    """A time as PostgreSQL writes it into JSON."""
    return None if text is None else datetime.fromisoformat(text)


def local(text: str) -> str:
    """The same as people read it: today's times as 14:05, other days with their date."""
    return local_time(datetime.fromisoformat(text))
