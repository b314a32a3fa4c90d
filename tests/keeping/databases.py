"""Databases of a test's own beside the one of the test run, and what stands in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote
from uuid import uuid4

import psycopg
from django.db import connection
from psycopg import sql

TABLES = """
SELECT relname, array_agg(attname::text ORDER BY attnum)
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
  AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
GROUP BY relname
"""


def own_url(name: str | None = None) -> str:
    """The test's database, or another one of the same server."""
    database = connection.settings_dict
    host = database["HOST"] or database["OPTIONS"]["host"]
    return f"postgresql://postgres@/{name or database['NAME']}?host={quote(host, safe='')}"


@contextmanager
def another_database() -> Iterator[str]:
    """The URL of an empty database; gone afterwards, whoever is still in it."""
    name = f"restored_{uuid4().hex[:12]}"
    with psycopg.connect(own_url("postgres"), autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield own_url(name)
        finally:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def query(url: str, statement: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as session:
        return session.execute(statement).fetchall()


def all_rows(url: str) -> dict[str, list[bytes]]:
    """Every row of every table as PostgreSQL copies it out, in an order of its own."""
    found = {}
    with psycopg.connect(url) as session:
        for table, columns in session.execute(TABLES).fetchall():
            query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
            )
            with session.cursor().copy(query) as copy:
                found[table] = sorted(b"".join(bytes(part) for part in copy).splitlines())
    return found
