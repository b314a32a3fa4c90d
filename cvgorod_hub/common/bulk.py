"""Many rows in one statement.

Django's bulk_create and bulk_update make an expression of every value of every row, which takes longer than
PostgreSQL needs for the rows. Here the rows travel as one JSON document, which PostgreSQL takes apart
(`json_to_recordset`).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, models

Columns = Sequence["models.Field[Any, Any]"]


def insert_rows(
    rows: Sequence[models.Model], *, conflict: Sequence[str] = (), update: Sequence[str] = ()
) -> int:
    """INSERT rows of one model, and give each its key. Returns how many were written.

    `conflict` names the fields of a unique constraint, `update` those that a row which is already there takes
    over; no two of the rows may meet in that constraint (PostgreSQL refuses it). Without `update`, rows that
    are already there stay as they are, and no row is given a key.
    """
    if not rows:
        return 0
    model, columns = type(rows[0]), _stored_columns(rows[0])
    for column in columns:
        if getattr(column, "auto_now_add", False) or getattr(column, "auto_now", False):
            for row in rows:
                column.pre_save(row, add=True)
    statement = f"""
        INSERT INTO {_quote(model._meta.db_table)} ({_names(columns)})
        SELECT * FROM json_to_recordset(%s) AS fresh ({_declared(columns)})
        {_on_conflict(_columns(rows[0], conflict), _columns(rows[0], update))}
        RETURNING {_quote(_key(model).column)}
    """  # noqa: S608, SLF001  (names of the model's own)
    with connection.cursor() as cursor:
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
    model, columns = type(rows[0]), _columns(rows[0], fields)
    keyed = [_key(model), *columns]
    table, key = _quote(model._meta.db_table), _quote(_key(model).column)  # noqa: SLF001
    new_values = ", ".join(f"{_quote(column.column)} = fresh.{_quote(column.column)}" for column in columns)
    statement = f"""
        UPDATE {table} SET {new_values}
        FROM json_to_recordset(%s) AS fresh ({_declared(keyed)})
        WHERE {table}.{key} = fresh.{key}
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [_document(rows, keyed)])


def _stored_columns(row: models.Model) -> Columns:
    """All but what the database makes itself: the key where it counts, generated columns."""
    fields = row._meta.concrete_fields  # noqa: SLF001  (Django's documented name)
    return [field for field in fields if not isinstance(field, models.AutoField) and not field.generated]


def _columns(row: models.Model, names: Sequence[str]) -> Columns:
    meta = row._meta  # noqa: SLF001  (Django's documented name)
    return [meta.get_field(name) for name in names]  # type: ignore[misc]


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
    return f"ON CONFLICT ({_names(keys)}) DO UPDATE SET {values}"


def _names(columns: Columns) -> str:
    return ", ".join(_quote(column.column) for column in columns)


def _quote(name: str | None) -> str:
    return connection.ops.quote_name(str(name))
