"""Times as callers write them."""

import re
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

FORMAT_HINT = (
    "Not a time. Write ISO 8601, for example 2026-11-22, 2026-11-22T09:00:00 or 2026-11-22T09:00:00+03:00."
)
# Telegram began in 2013; what lies outside is a mistake, and some of it overflows between time zones.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
# A day of these years, 24 hours of 60 minutes of 60 seconds: no leap second.
MOMENT_SCHEMA = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^(?:19[7-9]|20\d|21\d)\d-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d",
    "examples": ["2026-11-22T09:00:00+03:00"],
}
# In a query string, an offset's plus that was not escaped arrives as a space.
_LOST_PLUS = re.compile(r"(\d:\d\d(?::\d\d(?:[.,]\d+)?)?) (\d\d:?\d\d)$")


def parse_moment(text: str) -> datetime:
    """An aware time; without an offset it is read in the hub's TIME_ZONE, a bare date is its midnight.

    Raises ValueError, with a sentence for the caller.
    """
    try:
        if not text.isprintable():
            raise ValueError  # fromisoformat overlooks a NUL at the end
        moment = _read(_LOST_PLUS.sub(r"\1+\2", text.strip()))
        if timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        in_range = EARLIEST <= moment < LATEST
    except (ValueError, OverflowError):
        raise ValueError(FORMAT_HINT) from None
    if not in_range:
        raise ValueError(f"Not a time between {EARLIEST:%Y} and {LATEST:%Y}.")
    return moment


def _read(text: str) -> datetime:
    if (moment := parse_datetime(text)) is not None:
        return moment
    if (day := parse_date(text)) is not None:
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001  (the caller makes it aware)
    raise ValueError
