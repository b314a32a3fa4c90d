"""What PostgreSQL does for several writers at once, and its refusals, told apart."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# Past a pooler, where there is one (DATABASE_DIRECT_URL).
DIRECT = "direct"

# SQLSTATE classes that say "not now": connection, rolled back (deadlock), resources, objects in use, operator
# intervention, system error. Everything else is about what was asked.
_PASSING_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})


def is_passing(error: BaseException) -> bool:
    """Whether the same statement may succeed later, unchanged."""
    if not isinstance(error, DatabaseError):
        return False
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    if state is None:
        # The driver's own word: a lost connection, or a value that it cannot send, which stays so.
        return isinstance(error, OperationalError)
    return state[:2] in _PASSING_CLASSES


def like(text: str) -> str:
    """The text as LIKE finds it, with nothing in it that stands for other letters."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def lock_keys(keys: Iterable[int]) -> None:
    """Be the only one to hold these keys (bigint) until the transaction ends.

    Taken in one order, so that two who want the same ones never block each other for good. Advisory
    locks: what they stand for may not have a row yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [sorted(set(keys))]
        )


def session_connection() -> BaseDatabaseWrapper:
    """A connection whose session stays the same between transactions, for locks that outlive them.

    A pooler may give each transaction another session, and a session's lock to somebody else.
    """
    return connections[DIRECT if DIRECT in settings.DATABASES else DEFAULT_DB_ALIAS]


@contextmanager
def past_the_pooler() -> Iterator[None]:
    """What this thread asks here goes to PostgreSQL itself, in a session that is its own until the end.

    For commands of ops: they leave settings, locks and temporary tables in their session, and a pooler's
    would be somebody's next, with `lock_timeout` or an empty `search_path`. Not in a transaction.
    """
    if DIRECT not in settings.DATABASES:
        yield
        return
    pooled, own = connections[DEFAULT_DB_ALIAS], connections.create_connection(DIRECT)
    own.alias = DEFAULT_DB_ALIAS
    connections[DEFAULT_DB_ALIAS] = own
    try:
        yield
    finally:
        own.close()
        connections[DEFAULT_DB_ALIAS] = pooled
