"""What happens too often for the database: counted in the process, every few seconds added up in Redis.

There the counts of all processes on all machines meet. What a process counted since its last writing is
lost when it is killed outright; when Redis forgets, counters begin again, which Prometheus expects of them.
"""

import logging
import os
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from multiprocessing.util import Finalize

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

KEY = "hub:tallies"
# Seconds; what is longer than the last counts with the infinite one.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
REDIS_SECONDS = 2.0

# A name, its labels, and of a duration which bucket, or "sum" (microseconds).
Count = tuple[str, ...]


class Tallies:
    """One per process; from any thread."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin with nothing, as a process does that was forked: what its parent counted is its parent's."""
        self._lock = threading.Lock()
        self._counts: dict[Count, int] = defaultdict(int)
        self._is_due = self._is_failing = False

    def note(self, name: str, labels: Count, *, of: Count, seconds: float) -> None:
        """Count one `name` with these labels; its duration as `{name}_seconds`, with the labels `of`."""
        timed = f"{name}_seconds"
        with self._lock:
            counts = self._counts
            counts[(name, *labels)] += 1
            counts[(timed, *of, str(bisect_left(BOUNDS, seconds)))] += 1
            counts[(timed, *of, "sum")] += int(seconds * 1_000_000)
            if not self._is_due:
                self._write_later()

    def count(self, name: str, *labels: str) -> None:
        with self._lock:
            self._counts[(name, *labels)] += 1
            if not self._is_due:
                self._write_later()

    def write(self) -> None:
        """Add what was counted to Redis's; what it does not take now stays."""
        with self._lock:
            counts, self._counts, self._is_due = self._counts, defaultdict(int), False
        if not counts:
            return
        try:
            with connect().pipeline(transaction=True) as together:
                for count, number in counts.items():
                    together.hincrby(KEY, "\n".join(count), number)
                together.execute()
        except redis.RedisError as error:
            self._take_back(counts, error)
        else:
            self._is_failing = False

    def _take_back(self, counts: Mapping[Count, int], error: redis.RedisError) -> None:
        if not self._is_failing:
            logger.warning("counts wait for Redis error=%s", type(error).__name__)
        self._is_failing = True
        with self._lock:
            for count, number in counts.items():
                self._counts[count] += number
            if not self._is_due:
                self._write_later()

    def _write_later(self) -> None:
        """Call it with the lock held. Without an interval somebody else says when (tests)."""
        if not (seconds := settings.TALLIES_WRITTEN_EVERY_SECONDS):
            return
        self._is_due = True
        timer = threading.Timer(seconds, self.write)
        timer.daemon = True  # the end of the process writes by itself
        timer.start()
        _write_at_exit()


def as_counts(fields: Mapping[bytes, bytes]) -> dict[Count, int]:
    """What Redis keeps under `KEY`: all that was counted, of all processes."""
    return {tuple(field.decode().split("\n")): int(number) for field, number in fields.items()}


def connect() -> redis.Redis:
    """One client a process; it gives up after `REDIS_SECONDS`."""
    return _client(settings.REDIS_URL)


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=Retry(NoBackoff(), 0)
    )


tallies = Tallies()
_finalizers: list[Finalize] = []


def _write_at_exit() -> None:
    """Once per process. By multiprocessing, since a server's worker ends without `atexit`."""
    if not _finalizers:
        _finalizers.append(Finalize(None, tallies.write, exitpriority=1))


os.register_at_fork(after_in_child=tallies.forget)
