"""Connections beside Django's: a snapshot that others share, and programs that connect for themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from cvgorod_hub.common.database import session_connection

# Django's own, which libpq does not know.
_NOT_LIBPQ = ("cursor_factory", "context", "prepare_threshold")
# While a restore is at work the database is read only for everybody else (target.py).
MAY_WRITE = "-c default_transaction_read_only=off"


def parameters(*, may_write: bool = False) -> dict[str, Any]:
    """How libpq reaches the hub's database, past a pooler, password included.

    pg_dump leaves an empty `search_path` in its session, and would leave it to whoever gets that one next.
    """
    given = session_connection().get_connection_params()
    given = {name: value for name, value in given.items() if name not in _NOT_LIBPQ}
    if may_write:
        given["options"] = f"{given.get('options') or ''} {MAY_WRITE}".strip()
    return given


def for_programs(*, may_write: bool = False) -> tuple[str, dict[str, str]]:
    """A connection string without the password, which `ps` would show, and an environment that holds it."""
    given = parameters(may_write=may_write)
    password = given.pop("password", None)
    return make_conninfo(**given), {"PGPASSWORD": str(password)} if password else {}


@contextmanager
def opened(*, may_write: bool = False) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A session in autocommit, its texts written as `tables.py` hashes them."""
    with psycopg.connect(**parameters(may_write=may_write), autocommit=True) as session:
        for name, value in _WRITTEN.items():
            session.execute("SELECT set_config(%s, %s, false)", [name, value])
        session.execute(_UNBOUNDED)
        yield session


# A session may wait for hours while files are copied, or pg_restore is at work. (Not every version has all of
# them.)
_UNBOUNDED = """
SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN (
    'statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout')
"""
# Rows are hashed as text, which must be the same on every server.
_WRITTEN = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
