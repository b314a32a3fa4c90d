"""Reading from a copy of the database that follows the primary, by calls that may be answered a moment late.

Whoever answers such a call says so (`may_lag`); everything else, and all that is written, is the primary's.
The replica is a hot standby of PostgreSQL's streaming replication: places in the log are compared, no clocks.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections
from django.db.models import Model

from cvgorod_hub.common.database import is_passing

logger = logging.getLogger(__name__)

REPLICA = "replica"
# How often a process asks both servers how far they are; each time it costs two short statements.
CHECKED_EVERY_SECONDS = 1.0
# So long nobody asks a replica that did not answer: each who asked would wait for it first.
LEFT_ALONE_SECONDS = 15.0
_WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"
# Nothing, where the server has become a primary of its own.
_REPLAYED = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint WHERE pg_is_in_recovery()"

_alias: ContextVar[str] = ContextVar("alias", default=DEFAULT_DB_ALIAS)


class ReplicaRouter:
    """The ORM's reads go where this call reads, its writes to the primary."""

    def db_for_read(self, _model: type[Model], **_hints: object) -> str:
        return _alias.get()

    def db_for_write(self, _model: type[Model], **_hints: object) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, _first: Model, _second: Model, **_hints: object) -> bool:
        return True

    def allow_migrate(self, database: str, _app_label: str, **_hints: object) -> bool:
        return database != REPLICA


def reading_alias() -> str:
    """Which of DATABASES is read here."""
    return _alias.get()


@contextmanager
def reading_primary() -> Iterator[None]:
    token = _alias.set(DEFAULT_DB_ALIAS)
    try:
        yield
    finally:
        _alias.reset(token)


def read_replica() -> None:
    """Read from the replica until the surrounding `reading_primary` ends, if there is one and it is near."""
    if REPLICA in settings.DATABASES and _following.is_near():
        _alias.set(REPLICA)


def is_reading_replica() -> bool:
    return _alias.get() == REPLICA


def back_to_primary(error: Exception) -> None:
    """After an error of the replica; if it was no word about the question, it is left alone for a while.

    What it said of the question itself may be the fault of its lag: a row or a column that it does not have
    yet, a row that was cleared away beneath the statement.
    """
    _alias.set(DEFAULT_DB_ALIAS)
    if is_passing(error) and not _is_conflict(error):
        _following.leave_alone(error)


class Following:
    """Whether the replica is at most `most_seconds` behind the primary, as one process sees it.

    The primary's places are noted with the times of asking; the replica is near when it has passed one that
    is not older than that. A primary at rest has no later place, so its replica stays near however long
    nothing is written; one that has been cut off falls behind with the first commit that it misses.
    """

    def __init__(
        self,
        *,
        written: Callable[[], int],
        replayed: Callable[[], int | None],
        most_seconds: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._written, self._replayed = written, replayed
        self._most_seconds, self._clock = most_seconds, clock
        self._lock = threading.Lock()
        self._places: deque[tuple[float, int]] = deque()
        self._next_check = self._known_at = 0.0
        self._is_near = False

    def is_near(self) -> bool:
        """Of several threads one asks; the others take what was known until then, unless it is old."""
        now = self._clock()
        if now >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._check()
            finally:
                self._lock.release()
        elif now >= self._known_at + 2 * CHECKED_EVERY_SECONDS:
            return False
        return self._is_near

    def leave_alone(self, error: Exception) -> None:
        logger.warning("replica is away error=%s", type(error).__name__)
        self._is_near = False
        self._next_check = self._clock() + LEFT_ALONE_SECONDS

    def _check(self) -> None:
        """Raises the primary's own errors: without it no call is answered."""
        now = self._clock()
        self._next_check = now + CHECKED_EVERY_SECONDS
        self._places.append((now, self._written()))
        while self._places[0][0] < now - self._most_seconds():
            self._places.popleft()
        try:
            replayed = self._replayed()
        except (DatabaseError, InterfaceError) as error:
            self.leave_alone(error)
            return
        was_near, self._is_near = self._is_near, replayed is not None and replayed >= self._places[0][1]
        self._known_at = now
        if was_near and not self._is_near:
            logger.warning("replica is behind, or none any more; the primary is read")


def _ask(alias: str, statement: str) -> Any:  # noqa: ANN401  (what the statement gives)
    database = connections[alias]
    try:
        with database.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
    except (DatabaseError, InterfaceError):
        database.close()  # so that the next one to ask opens a new connection
        raise
    return row[0] if row else None


def _is_conflict(error: BaseException) -> bool:
    """Rolled back because of what else happened at that moment (SQLSTATE class 40)."""
    state: str = getattr(error.__cause__, "sqlstate", None) or ""
    return state.startswith("40")


_following = Following(
    written=lambda: int(_ask(DEFAULT_DB_ALIAS, _WRITTEN)),
    replayed=lambda: _ask(REPLICA, _REPLAYED),
    most_seconds=lambda: settings.DATABASE_REPLICA_MAX_LAG_SECONDS,
)
