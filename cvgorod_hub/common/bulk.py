"""Many rows in one statement.

Django's bulk_create and bulk_update make an expression of every value of every row, which takes longer than
PostgreSQL needs for the rows. Here the rows travel as one JSON document, which PostgreSQL takes apart
(`json_to_recordset`).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

from cvgorod_hub.common.prepared import prepared_cursor

Columns = Sequence["models.Field[Any, Any]"]


def insert_rows(
    rows: Sequence[models.Model], *, conflict: Sequence[str] = (), update: Sequence[str] = ()
) -> int:
    """INSERT rows of one model, and give each its key. Returns how many were written.

    `conflict` names the fields of a unique constraint, `update` those that a row which is already there takes
    over; no two of the rows may meet in that constraint (PostgreSQL refuses it). Without `update`, rows that
    are already there stay as they are, and no row is given a key. Raises ValueError where some rows have a
    value for a column that others leave to the database.
    """
    if not rows:
        return 0
    model = type(rows[0])
    columns = _prepare(rows)
    with prepared_cursor() as cursor:
        statement = _insert_statement(model, tuple(columns), tuple(conflict), tuple(update))
        cursor.execute(statement, [_document(rows, columns)])
        if conflict and not update:
            return int(cursor.rowcount)
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
            row._state.adding = False  # noqa: SLF001
    return len(rows)


def update_rows(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """UPDATE these fields of rows of one model, each to its own values (`auto_now` is not set)."""
    if not rows:
        return
    model = type(rows[0])
    keyed = [_key(model), *_columns(model, tuple(fields))]
    with prepared_cursor() as cursor:
        cursor.execute(_update_statement(model, tuple(fields)), [_document(rows, keyed)])


@cache
def _insert_statement(
    model: type[models.Model], columns: Columns, conflict: tuple[str, ...], update: tuple[str, ...]
) -> str:
    return f"""
        INSERT INTO {_quote(model._meta.db_table)} ({_names(columns)})
        SELECT * FROM json_to_recordset(%s::json) AS fresh ({_declared(columns)})
        {_on_conflict(_columns(model, conflict), _columns(model, update))}
        RETURNING {_quote(_key(model).column)}
    """  # noqa: S608, SLF001  (names of the model's own)


@cache
def _update_statement(model: type[models.Model], fields: tuple[str, ...]) -> str:
    columns = _columns(model, fields)
    table, key = _quote(model._meta.db_table), _quote(_key(model).column)  # noqa: SLF001
    new_values = ", ".join(f"{_quote(column.column)} = fresh.{_quote(column.column)}" for column in columns)
    return f"""
        UPDATE {table} SET {new_values}
        FROM json_to_recordset(%s::json) AS fresh ({_declared([_key(model), *columns])})
        WHERE {table}.{key} = fresh.{key}
    """  # noqa: S608


@cache
def _stored_columns(model: type[models.Model]) -> Columns:
    """All but what the database makes itself: the key where it counts, generated columns."""
    fields = model._meta.concrete_fields  # noqa: SLF001  (Django's documented name)
    return [field for field in fields if not isinstance(field, models.AutoField) and not field.generated]


@cache
def _stamped_columns(model: type[models.Model]) -> Columns:
    """Those that Django fills in by itself while it saves."""
    kinds = ("auto_now_add", "auto_now")
    return [field for field in _stored_columns(model) if any(getattr(field, kind, False) for kind in kinds)]


@cache
def _columns_with_default(model: type[models.Model]) -> Columns:
    """Those that a row may leave to the database."""
    return [field for field in _stored_columns(model) if field.has_db_default()]


@cache
def _columns(model: type[models.Model], names: tuple[str, ...]) -> Columns:
    meta = model._meta  # noqa: SLF001  (Django's documented name)
    return [meta.get_field(name) for name in names]  # type: ignore[misc]


def _prepare(rows: Sequence[models.Model]) -> Columns:
    """The columns to write, after those that Django fills in by itself."""
    for column in _stamped_columns(type(rows[0])):
        for row in rows:
            column.pre_save(row, add=True)
    return _columns_to_write(rows)


def _columns_to_write(rows: Sequence[models.Model]) -> Columns:
    """All but those that the database fills in: for every row alike, as there is one list of columns."""
    stored, defaults = _stored_columns(type(rows[0])), _columns_with_default(type(rows[0]))
    left = [column for column in defaults if _is_left_to_database(rows[0], column)]
    if mixed := [one.name for one in left if not all(_is_left_to_database(row, one) for row in rows)]:
        raise ValueError(f"Some rows have a value for {', '.join(mixed)}, others leave it to the database.")
    return [column for column in stored if column not in left] if left else stored


def _is_left_to_database(row: models.Model, column: "models.Field[Any, Any]") -> bool:
    return isinstance(getattr(row, column.attname), DatabaseDefault)


def _key(model: type[models.Model]) -> "models.Field[Any, Any]":
    return model._meta.pk  # noqa: SLF001


def _document(rows: Sequence[models.Model], columns: Columns) -> str:
    names = [(column.column, column.attname) for column in columns]
    document = [{name: getattr(row, attribute) for name, attribute in names} for row in rows]
    try:
        return orjson.dumps(document).decode()
    except TypeError:  # a number of more than 64 bits, which jsonb can hold
        return json.dumps(document, default=datetime.isoformat)


def _declared(columns: Columns) -> str:
    """Names and types. Without its length a type lets the table refuse what is too long for it."""
    types = [str(column.db_type(connection)).partition("(")[0] for column in columns]
    return ", ".join(f"{_quote(column.column)} {kind}" for column, kind in zip(columns, types, strict=True))


def _on_conflict(keys: Columns, updated: Columns) -> str:
    if not keys:
        return ""
    if not updated:
        return f"ON CONFLICT ({_names(keys)}) DO NOTHING"
    values = ", ".join(f"{_quote(column.column)} = EXCLUDED.{_quote(column.column)}" for column in updated)
    return f"ON CONFLICT ({_names(keys)}) DO UPDATE SET {values}"  # nosec B608 (the model's names, quoted)


def _names(columns: Columns) -> str:
    return ", ".join(_quote(column.column) for column in columns)


def _quote(name: str | None) -> str:
    return connection.ops.quote_name(str(name))
