"""What each key does: counted in the process, written once a minute, so that reading costs no write.

What a process counted since its last writing is lost when it is killed outright; a stop writes it first.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.util import Finalize

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from cvgorod_hub.api.models import ApiKeyUsage

logger = logging.getLogger(__name__)

KEEP = timedelta(days=90)
LONGEST_ROUTE = 100

# One row of the table.
Call = tuple[int, date, str, str]  # key, day, method, route

# In one order, so that processes that write at once never block each other for good. A key may be gone.
_ADD = """
    INSERT INTO api_key_usage (key_id, day, method, route, succeeded, refused, mistaken, failed, last_at)
    SELECT counted.*
      FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[],
                  %s::int[], %s::int[], %s::int[], %s::int[], %s::timestamptz[])
           AS counted (key_id, day, method, route, succeeded, refused, mistaken, failed, last_at)
      JOIN api_keys ON api_keys.id = counted.key_id
     ORDER BY 1, 2, 3, 4
        ON CONFLICT (key_id, day, method, route) DO UPDATE
       SET succeeded = api_key_usage.succeeded + excluded.succeeded,
           refused = api_key_usage.refused + excluded.refused,
           mistaken = api_key_usage.mistaken + excluded.mistaken,
           failed = api_key_usage.failed + excluded.failed,
           last_at = greatest(api_key_usage.last_at, excluded.last_at)
"""


@dataclass
class Tally:
    """How often, by what came of it; `last_at` in seconds since 1970, as a clock gives it."""

    last_at: float
    succeeded: int = 0
    refused: int = 0
    mistaken: int = 0
    failed: int = 0

    def add(self, other: "Tally") -> None:
        self.succeeded += other.succeeded
        self.refused += other.refused
        self.mistaken += other.mistaken
        self.failed += other.failed
        self.last_at = max(self.last_at, other.last_at)


class UsageCounter:
    """One per process; `note` from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[Call, Tally] = {}
        self._is_due = False
        self._today = date.min
        self._tomorrow_at = 0.0

    def note(self, key_id: int, method: str, route: str, status: int) -> None:
        now = time.time()
        with self._lock:
            if now >= self._tomorrow_at:
                self._turn_page(now)
            call = (key_id, self._today, method, route)
            tally = self._tallies.get(call)
            if tally is None:
                tally = self._tallies[call] = Tally(now)
            tally.last_at = now
            if status < 400:
                tally.succeeded += 1
            elif status in REFUSALS:
                tally.refused += 1
            elif status < 500:
                tally.mistaken += 1
            else:
                tally.failed += 1
            if not self._is_due:
                self._write_later()

    def _turn_page(self, now: float) -> None:
        """Which day it is, found once a day: a calendar costs more than all the rest of a note."""
        zone = timezone.get_default_timezone()
        self._today = datetime.fromtimestamp(now, zone).date()
        midnight = datetime.combine(self._today + timedelta(days=1), datetime.min.time(), zone)
        self._tomorrow_at = midnight.timestamp()

    def write(self) -> int:
        """Add what was counted to the table; how many rows that are. What cannot be written now stays."""
        with self._lock:
            tallies, self._tallies, self._is_due = self._tallies, {}, False
        if not tallies:
            return 0
        try:
            _add(tallies)
        except DatabaseError as error:
            logger.warning("usage of API keys waits for the database error=%s", type(error).__name__)
            self._take_back(tallies)
            return 0
        return len(tallies)

    def _take_back(self, tallies: Mapping[Call, Tally]) -> None:
        with self._lock:
            for call, tally in tallies.items():
                if (newer := self._tallies.setdefault(call, tally)) is not tally:
                    newer.add(tally)
            if not self._is_due:
                self._write_later()

    def _write_later(self) -> None:
        """Call it with the lock held. Without an interval somebody else says when (tests)."""
        seconds = settings.API_USAGE_WRITTEN_EVERY_SECONDS
        if not seconds:
            return
        self._is_due = True
        timer = threading.Timer(seconds, self._write_aside)
        timer.daemon = True  # the end of the process writes by itself
        timer.start()
        _write_at_exit()

    def _write_aside(self) -> None:
        """On a thread of its own, with a connection of its own."""
        try:
            self.write()
        finally:
            connection.close()


REFUSALS = frozenset({401, 403, 429})
usage = UsageCounter()
_finalizers: list[Finalize] = []


def _write_at_exit() -> None:
    """Once per process. By multiprocessing, since a server's worker ends without `atexit`."""
    if not _finalizers:
        _finalizers.append(Finalize(None, usage.write, exitpriority=1))


def _add(tallies: Mapping[Call, Tally]) -> None:
    rows = [
        (
            *call,
            *(tally.succeeded, tally.refused, tally.mistaken, tally.failed),
            datetime.fromtimestamp(tally.last_at, UTC),
        )
        for call, tally in tallies.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [list(column) for column in zip(*rows, strict=True)])


def delete_old() -> int:
    """Forget what is older than `KEEP`; how many rows that were."""
    deleted, _by_model = ApiKeyUsage.objects.filter(day__lt=timezone.localdate() - KEEP).delete()
    return deleted
