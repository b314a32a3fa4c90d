"""The day that the home page speaks of, and how many days before it are taken together."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

# What people choose between; the first one unless they say otherwise.
LENGTHS = (1, 7, 30)
# Meanings are shown for so many days, however short the period is: one day says nothing about a trend.
DAYS_OF_MEANINGS = 14


@dataclass(frozen=True)
class Days:
    """Whole local days up to `last`, which is included."""

    last: date
    length: int

    @property
    def first(self) -> date:
        return self.last - timedelta(days=self.length - 1)

    @property
    def since(self) -> datetime:
        return midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first instant of the day after."""
        return midnight(self.last + timedelta(days=1))

    @property
    def is_today(self) -> bool:
        return self.last == timezone.localdate()

    @property
    def before(self) -> "Days":
        return Days(self.last - timedelta(days=1), self.length)

    @property
    def after(self) -> "Days | None":
        """The next day, if it has begun."""
        return None if self.is_today else Days(self.last + timedelta(days=1), self.length)

    @property
    def query(self) -> str:
        """How a link names it; what goes without saying is left out."""
        words: dict[str, Any] = {} if self.is_today else {"day": self.last.isoformat()}
        return "?" + urlencode(words | ({} if self.length == LENGTHS[0] else {"days": self.length}))

    def others(self) -> list["Days"]:
        """The same day, with each length that can be chosen."""
        return [Days(self.last, length) for length in LENGTHS]


def chosen_days(query: QueryDict) -> Days:
    """What the address names; today, and that day alone, where it names nothing that there is."""
    today = timezone.localdate()
    try:
        day = parse_date(query.get("day", "")) or today
    except ValueError:
        day = today
    length = {str(length): length for length in LENGTHS}.get(query.get("days", ""), LENGTHS[0])
    # Long before Telegram there is nothing to see, and arithmetic ends at the year 1.
    return Days(min(max(day, date(2000, 1, 1)), today), length)


def midnight(day: date) -> datetime:
    """When a day begins where the hub is."""
    return timezone.make_aware(datetime.combine(day, time.min))
