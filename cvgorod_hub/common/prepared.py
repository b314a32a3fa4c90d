"""Statements that PostgreSQL plans once in each connection, for texts that come again and again.

Django fills values into the text itself, so PostgreSQL reads and plans every statement anew: two
milliseconds for the joins of a page. Its other way of binding would change how each query is typed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connections
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper

from cvgorod_hub.common.replica import reading_alias

# The attribute of Django's connection, of which each thread has its own.
_KEPT = "_prepared_cursor"


def prepared_cursor() -> CursorWrapper:
    """A cursor as Django's own (errors, query log) that binds values in the server.

    psycopg prepares a text that a connection has seen `prepare_threshold` times (settings), and forgets the
    one that was not used for longest. Behind a pooler (DATABASE_POOLER) it prepares none.

    There is one for each connection: whoever runs a statement fetches its rows before the next one runs.
    """
    database: Any = connections[reading_alias()]  # each use of `connection` would look it up again
    database.close_if_health_check_failed()
    database.ensure_connection()
    raw = getattr(database, _KEPT, None)
    if raw is None or raw.connection is not database.connection:
        raw = psycopg.Cursor(database.connection)
        setattr(database, _KEPT, raw)
    return (_LoggedCursor if database.queries_logged else _KeptCursor)(raw, database)


def fetch_prepared(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a statement whose text comes again and again."""
    with prepared_cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


class _KeptCursor(CursorWrapper):
    """Is not closed: a new one would look up anew how values of each type are written and read."""

    def __exit__(self, *_error: object) -> None:
        pass


class _LoggedCursor(_KeptCursor, CursorDebugWrapper):
    """Logs a statement with its values, as other queries are logged."""

    def execute(self, sql: Any, params: Any = None) -> Any:  # noqa: ANN401  (as its base says)
        with self.debug_sql(self.db.ops.compose_sql(sql, params)):
            return CursorWrapper.execute(self, sql, params)
