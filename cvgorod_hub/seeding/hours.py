"""When people of the trade write: in hours of work, on weekdays, and most of all before the 8th of March."""

import random
from bisect import bisect
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate

# Shares of a day's scenes by hour of the hub's zone.
_BY_HOUR = (1, 0, 0, 0, 0, 1, 4, 18, 60, 100, 110, 95, 70, 75, 90, 85, 70, 50, 28, 16, 10, 7, 4, 2)
_HOURS = list(accumulate(_BY_HOUR))
_BY_WEEKDAY = (1.15, 1.0, 1.05, 1.1, 1.2, 0.5, 0.25)
# ((month, day) from, to, how many times as much): the seasons of flowers.
_SEASONS = (
    ((2, 10), (2, 14), 1.6),
    ((2, 24), (3, 7), 2.6),
    ((3, 8), (3, 8), 0.6),
    ((5, 20), (5, 25), 1.4),
    ((8, 26), (9, 1), 1.9),
    ((11, 24), (11, 28), 1.3),
    ((12, 25), (12, 30), 1.4),
    ((1, 1), (1, 6), 0.2),
)
# A hub grows: so much less was said at the beginning than at the end.
_AT_FIRST = 0.6


def spread(messages: int, *, last: date, days: int, share_of_last: float) -> Iterator[tuple[date, int]]:
    """(day, messages) for each of the days up to `last`, of which only a share has passed."""
    first = last - timedelta(days=days - 1)
    every = [first + timedelta(days=place) for place in range(days)]
    weights = [_weight(day, place / days) for place, day in enumerate(every)]
    weights[-1] *= share_of_last
    total, before = sum(weights), 0
    for day, reached in zip(every, accumulate(weights), strict=True):
        until = round(messages * reached / total)
        yield day, until - before
        before = until


def moment_of(midnight: datetime, end: datetime, dice: random.Random) -> datetime:
    """A whole second of that day, before its end, which may be in the middle of it."""
    last = min(int((end - midnight).total_seconds() // 3600), len(_HOURS) - 1)
    hour = min(bisect(_HOURS, dice.random() * _HOURS[last]), last)
    seconds = hour * 3600 + int(dice.random() * 3600)
    return midnight + timedelta(seconds=min(seconds, int((end - midnight).total_seconds()) - 1))


def passed_of(moment: datetime) -> float:
    """Which part of a day's scenes has begun by then."""
    whole = _HOURS[moment.hour - 1] if moment.hour else 0
    return (whole + _BY_HOUR[moment.hour] * moment.minute / 60) / _HOURS[-1]


def _weight(day: date, passed: float) -> float:
    place = (day.month, day.day)
    season = next((times for since, until, times in _SEASONS if since <= place <= until), 1.0)
    return _BY_WEEKDAY[day.weekday()] * season * (_AT_FIRST + (1 - _AT_FIRST) * passed)
