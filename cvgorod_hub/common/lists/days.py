"""The way from years to months to days, by the list's own filter of a period.

Django's date hierarchy asks the table which days it has, which reads all of it. Here one look at the oldest
row tells where time begins, and the calendar does the rest.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.dates import MONTHS
from django.utils.formats import date_format


@dataclass(frozen=True)
class Step:
    """A link of the way, or (without one) where one stands."""

    label: str
    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class Way:
    """`above` leads back, `below` further down."""

    above: list[Step]
    below: list[Step]


# Makes the address of a list from one day to another, both included; of None and None for all of time.
Link = Callable[[date | None, date | None], str]


def way_down(
    *, since: date | None, until: date | None, first: date, last: date, link: Link, all_time: str
) -> Way:
    """What to offer in a list from `since` to `until`, whose rows are from `first` to `last`."""
    level = _level(since, until)
    if since is None or until is None or level == "":
        years = range(first.year, last.year + 1)
        if len(years) == 1:
            return Way(
                [Step(all_time)] if since is until is None else [Step(all_time, link(None, None))],
                _months(first.year, first, last, link),
            )
        here = Step(all_time) if since is until is None else Step(all_time, link(None, None))
        return Way([here], [Step(str(year), link(*_year(year))) for year in years])
    above = [Step(all_time, link(None, None))]
    year = Step(str(since.year), link(*_year(since.year)))
    month = Step(str(MONTHS[since.month]), link(*_month(since.year, since.month)))
    if level == "year":
        return Way([*above, Step(year.label)], _months(since.year, first, last, link))
    if level == "month":
        return Way([*above, year, Step(month.label)], _days(since.year, since.month, first, last, link))
    return Way([*above, year, month, Step(date_format(since, "j E"))], [])


def _level(since: date | None, until: date | None) -> str:
    if since is None or until is None:
        return ""
    if since == until:
        return "day"
    if (since, until) == _month(since.year, since.month):
        return "month"
    return "year" if (since, until) == _year(since.year) else ""


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _months(year: int, first: date, last: date, link: Link) -> list[Step]:
    months = [_month(year, month) for month in range(1, 13)]
    return [
        Step(str(MONTHS[begin.month]), link(begin, end))
        for begin, end in months
        if end >= first and begin <= last
    ]


def _days(year: int, month: int, first: date, last: date, link: Link) -> list[Step]:
    days = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
    return [
        Step(str(day.day), link(day, day), date_format(day, "l, j E")) for day in days if first <= day <= last
    ]
