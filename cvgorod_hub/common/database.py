"""What PostgreSQL does for several writers at once, and its refusals, told apart."""

from collections.abc import Iterable

from django.db import DatabaseError, OperationalError, connection

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


def lock_keys(keys: Iterable[int]) -> None:
    """Be the only one to hold these keys (bigint) until the transaction ends.

    Taken in one order, so that two who want the same ones never block each other for good. Advisory
    locks: what they stand for may not have a row yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [sorted(set(keys))]
        )
