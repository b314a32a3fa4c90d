"""The index of messages' words while many come at once: it gathers them, to take them in together.

Half of what storing a message costs is this index. Searches find what it has gathered, too, only not as fast;
so a run that is killed leaves a hub that is right, and the next run brings the index back to what it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

_INDEX = "messages_search"
# From so many old messages on it is worth its while.
MANY = 50_000
# What is gathered before it is sorted in, and the memory for that.
_SETTINGS = (("gin_pending_list_limit", "64MB"), ("work_mem", "128MB"))
# Whoever searches now is waited for, but not for long: without this the messages come all the same.
_LOCK_TIMEOUT = "5s"


@contextmanager
def gathering_words(messages: int) -> Iterator[None]:
    """For so many old messages; also ends what a run that was killed began."""
    is_on = _is_gathering() or (messages >= MANY and _set_fastupdate("on"))
    if not is_on:
        yield
        return
    with connection.cursor() as cursor:
        for name, value in _SETTINGS:
            cursor.execute(f"SET {name} = '{value}'")
    yield
    _set_fastupdate("off")
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [_INDEX])
        for name, _value in _SETTINGS:
            cursor.execute(f"RESET {name}")


def _is_gathering() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'fastupdate=on' = ANY (reloptions) FROM pg_class WHERE relname = %s", [_INDEX])
        return bool(cursor.fetchone()[0])


def _set_fastupdate(value: str) -> bool:
    """Whether it could be set."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
            cursor.execute(f"ALTER INDEX {_INDEX} SET (fastupdate = {value})")
            cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError:
        return False
    return True
