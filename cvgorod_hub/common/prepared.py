"""Statements that PostgreSQL plans once in each connection, for texts that come again and again.

Django fills values into the text itself, so PostgreSQL reads and plans every statement anew: two
milliseconds for the joins of a page. Its other way of binding would change how each query is typed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor as Django's own (errors, query log), whose statements are prepared at their first use."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw: Any = _PreparedCursor(connection.connection)
    with (_LoggedCursor if connection.queries_logged else CursorWrapper)(raw, connection) as cursor:
        yield cursor


def fetch_prepared(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a statement whose text comes again and again."""
    with prepared_cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


class _PreparedCursor(psycopg.Cursor[Any]):
    """Binds values in the server."""

    def execute(  # type: ignore[override]  # as Django calls it
        self, query: str, params: Sequence[object] | None = None
    ) -> "_PreparedCursor":
        super().execute(query, params, prepare=True)
        return self


class _LoggedCursor(CursorDebugWrapper):
    """Logs a statement with its values, as other queries are logged."""

    def execute(self, sql: Any, params: Any = None) -> Any:  # noqa: ANN401  (as its base says)
        with self.debug_sql(connection.ops.compose_sql(sql, params)):  # type: ignore[attr-defined]
            return CursorWrapper.execute(self, sql, params)
