"""The days that a report is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `since` on and before `until`; days are the hub's, in `time_zone`. `chat_id`: that chat only."""

    since: datetime
    until: datetime
    chat_id: int | None = None

    @classmethod
    def last_days(cls, days: int, *, chat_id: int | None = None) -> "Period":
        """Today and the days before it, so many in all."""
        first = timezone.localdate() - timedelta(days=days - 1)
        since = timezone.make_aware(datetime.combine(first, time.min))
        return cls(since=since, until=timezone.now(), chat_id=chat_id)

    @property
    def time_zone(self) -> str:
        return settings.TIME_ZONE

    @property
    def parameters(self) -> dict[str, Any]:
        """For the report's SQL."""
        return {"since": self.since, "until": self.until, "tz": self.time_zone, "chat": self.chat_id}


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything inside is read as of one moment, or counts would not add up on a hub that works.

    Inside a transaction of the caller's it is the caller who decides.
    """
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
