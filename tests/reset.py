"""Brings a test's database back to what the migrations left, after tests that commit.

Django truncates every table instead, which writes new files for each of them, makes permissions and content
types anew, and forgets the rows that migrations wrote.
"""

from collections.abc import Iterator

from django.db import connection

KEPT = "as_migrated"
COLUMNS = """
    SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
"""


def keep_migrated_rows() -> str:
    """Copy the rows that the migrations wrote; returns the SQL that brings all tables back to them."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {KEPT}")
    tables = connection.introspection.table_names()
    return ";".join(
        [
            "BEGIN",
            # Whoever still writes, as the session of a killed process may, is waited for.
            f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE",
            # Neither foreign keys nor the hub's own triggers have a say in this.
            "SET LOCAL session_replication_role = replica",
            *(f"DELETE FROM {table}" for table in tables),  # noqa: S608  (the catalogue's own names)
            *_refilling(tables),
            "COMMIT",
        ]
    )


def _refilling(tables: list[str]) -> Iterator[str]:
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"CREATE TABLE {KEPT}.{table} AS TABLE {table}")
            if cursor.rowcount:
                cursor.execute(COLUMNS, [table])
                (columns,) = cursor.fetchone()
                yield f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {KEPT}.{table}"  # noqa: S608


def restore(statement: str) -> None:
    """Run what `keep_migrated_rows` returned."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
