"""Old rows beside the hub's own, as they came by COPY: in temporary tables, which end with the session."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import DatabaseError, connection, transaction

from cvgorod_hub.common.database import is_passing
from cvgorod_hub.old_hub.tally import Counted

# What a statement is given, as psycopg takes it.
Values = Sequence[Any] | Mapping[str, Any] | None
# Chats or people that one transaction may hold: PostgreSQL has room for some thousand locks in all.
LOCKED_AT_ONCE = 1000
_COUNTED = """
SELECT verdict, reason, count(*), (array_agg(old_id ORDER BY old_id))[1:5]
  FROM {table} WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2
"""


def make_staging(table: str, columns: str) -> None:
    execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
    execute(f"CREATE TEMPORARY TABLE {table} ({columns})")


def fill_staging(table: str, columns: str, rows: Iterable[bytes]) -> None:
    """Rows as COPY writes them, whose fields are these columns."""
    # Django names the errors of its own cursor's statements only.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        coming = iter(rows)
        while block := b"".join(islice(coming, 1000)):
            copy.write(block)
    tell_the_planner(table)


def tell_the_planner(*tables: str) -> None:
    """Nobody else counts temporary tables; of guesses came joins that read one for each row of the other."""
    execute(f"ANALYZE {', '.join(tables)}")


def execute(statement: str, values: Values = None) -> int:
    """Returns how many rows it was about."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def fetch(statement: str, values: Values = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def count_verdicts(table: str, where: str = "true") -> list[Counted]:
    """What a table of `old_id`, `verdict` and `reason` says."""
    return fetch(_COUNTED.format(table=table, where=where))


def count_keys(rows: str, values: Values = None) -> tuple[int, list[int]]:
    """How many these rows are (`… WHERE …`, each with an `old_id`), and the first of their keys."""
    [(count, keys)] = fetch(
        f"SELECT count(*), (array_agg(old_id ORDER BY old_id))[1:5] FROM {rows}",  # noqa: S608
        values,
    )
    return count, keys or []


def parts(keys: Sequence[int], size: int = LOCKED_AT_ONCE) -> Iterator[Sequence[int]]:
    for place in range(0, len(keys), size):
        yield keys[place : place + size]


def store_in_parts(
    keys: Sequence[int], store: Callable[[int, int], object], refuse: Callable[[int, str], object]
) -> None:
    """Store what stands between two keys, both included; a row that PostgreSQL refuses holds up no other.

    It is found by halves, and `refuse` is told its key and why. Call it in a transaction.
    """
    if not keys:
        return
    try:
        with transaction.atomic():
            store(keys[0], keys[-1])
    except DatabaseError as error:
        if is_passing(error):
            raise
        if len(keys) == 1:
            refuse(keys[0], f"refused by the database: {_reason(error)}")
            return
        middle = len(keys) // 2
        store_in_parts(keys[:middle], store, refuse)
        store_in_parts(keys[middle:], store, refuse)


def _reason(error: DatabaseError) -> str:
    """PostgreSQL's sentence without the row's own values, which its details quote."""
    said = getattr(getattr(error.__cause__, "diag", None), "message_primary", None)
    return str(said or type(error).__name__)[:200]
