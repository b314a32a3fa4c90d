"""Times as people read them: in the hub's time zone."""

from datetime import datetime

from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime


def local_time(moment: datetime) -> str:
    """Today's times as 14:05, other days with their date."""
    moment = timezone.localtime(moment)
    if moment.date() == timezone.localdate():
        return moment.strftime("%H:%M")
    return f"{formats.date_format(moment, 'SHORT_DATE_FORMAT')} {moment:%H:%M}"


def read_moment(text: str) -> datetime:
    """A date (its first instant) or a time, in the hub's time zone unless it says otherwise.

    Raises ValueError where it is neither.
    """
    moment = parse_datetime(text)
    if moment is None:
        day = parse_date(text)
        if day is None:
            raise ValueError(f"{text!r} is not a date")
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001  (made aware below)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
