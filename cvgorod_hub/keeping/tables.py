"""Every table's rows, counted and hashed by PostgreSQL, in whatever order they lie."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Session = psycopg.Connection[tuple[Any, ...]]

# Ordinary and partitioned tables, and the columns that are stored as they were given: what is generated from
# them comes anew, by the dictionaries of the server that it is restored to.
_TABLES = """
SELECT relname, array_agg(attname::text ORDER BY attnum)
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE attnum > 0 AND NOT attisdropped AND attgenerated = ''
  AND relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
GROUP BY relname ORDER BY relname
"""
# The sum of the first 60 bits of each row's SHA-256: a row that is missing, doubled or changed shows in it.
_COUNT = """
SELECT count(*), COALESCE(sum(
    ('x' || left(encode(sha256(convert_to(rows::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint::numeric
), 0)::text
FROM (SELECT {columns} FROM {table}) AS rows
"""


@dataclass(frozen=True, kw_only=True)
class Content:
    """How many rows a table has, and the sum of their hashes."""

    rows: int
    hash: str


def table_names(session: Session) -> list[str]:
    """The hub's tables, partitions apart."""
    return [table for table, _columns in session.execute(_TABLES).fetchall()]


def read_contents(session: Session, *, counted: Callable[[str], object]) -> dict[str, Content]:
    """`{table: content}` of the hub's schema as the session's transaction sees it.

    `counted` is called with each name.
    """
    contents = {}
    for table, columns in session.execute(_TABLES).fetchall():
        contents[table] = _read(session, table, columns)
        counted(table)
    return contents


def _read(session: Session, table: str, columns: list[str]) -> Content:
    query = sql.SQL(_COUNT).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=sql.Identifier("public", table)
    )
    row = session.execute(query).fetchone()
    assert row is not None  # noqa: S101  (an aggregate has one row)
    return Content(rows=row[0], hash=row[1])


def differences(expected: dict[str, Content], found: dict[str, Content]) -> list[str]:
    """A line for each table whose rows are not those that are expected."""
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        before, after = expected.get(name), found.get(name)
        if before != after:
            lines.append(f"{name}: {_in_words(before)} in the backup, {_in_words(after)} here")
    return lines


def _in_words(content: Content | None) -> str:
    return "no such table" if content is None else f"{content.rows} rows ({content.hash[-8:]})"
