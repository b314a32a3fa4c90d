"""PostgreSQL's refusals, told apart."""

from django.db import DatabaseError

# SQLSTATE classes that say "not now": connection, rolled back (deadlock), resources, objects in use, operator
# intervention, system error. Everything else is about what was asked.
_PASSING_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})


def is_passing(error: BaseException) -> bool:
    """Whether the same statement may succeed later, unchanged."""
    if not isinstance(error, DatabaseError):
        return False
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state is None or state[:2] in _PASSING_CLASSES
