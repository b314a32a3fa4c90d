"""Statements that PostgreSQL plans once in each connection, for texts that come again and again.

Django fills values into the text itself, so PostgreSQL reads and plans every statement anew: two
milliseconds for the joins of a page. Its other way of binding would change how each query is typed.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """A cursor as Django's own (errors, query log), whose statements are prepared at their first use."""
    database = connections[DEFAULT_DB_ALIAS]  # each use of `django.db.connection` would look it up again
    database.close_if_health_check_failed()
    database.ensure_connection()
    raw: Any = _PreparedCursor(database.connection)
    return (_LoggedCursor if database.queries_logged else CursorWrapper)(raw, database)


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
        with self.debug_sql(self.db.ops.compose_sql(sql, params)):
            return CursorWrapper.execute(self, sql, params)
