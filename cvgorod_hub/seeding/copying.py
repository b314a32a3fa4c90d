"""Rows by COPY into the real tables, triggers and all; what is not given comes from the model.

For rows that are made up: seed_demo and the benchmarks fill their tables by it.
"""

# ruff: noqa: SLF001  (`_meta` is the documented name)

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from django.db.models import AutoField, Field, Model
from django.db.models.fields import NOT_PROVIDED
from psycopg import sql

# What COPY reads as NULL.
NULL = r"\N"
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


_ESCAPE = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "r": "\r", "t": "\t"}


class Table:
    """Where rows of a model go: `columns` are given with each row, the others by the model's defaults."""

    def __init__(self, model: type[Model], *columns: str, now: datetime) -> None:
        rest = {
            str(field.column): _default(field, now)
            for field in model._meta.concrete_fields
            if field.column not in columns and not _made_by_database(field)
        }
        names: sql.Composed = sql.SQL(", ").join([sql.Identifier(name) for name in (*columns, *rest)])
        self.name = sql.Identifier(model._meta.db_table)
        self.statement = sql.SQL("COPY {} ({}) FROM STDIN").format(self.name, names)
        self.rest = "".join(f"\t{value}" for value in rest.values()) + "\n"

    def copy(self, connection: psycopg.Connection[Any], rows: Iterable[tuple[object, ...]]) -> None:
        """Values are written as they print; tabs, line breaks and backslashes need `escaped`."""
        with connection.cursor() as cursor, cursor.copy(self.statement) as copy:
            copy.write("".join(["\t".join(map(str, row)) + self.rest for row in rows]))


def escaped(text: str) -> str:
    """A text as COPY reads it."""
    return text.translate(_ESCAPED)


def plain(copied: str) -> str:
    """The text again, from what `escaped` made of it."""
    return _ESCAPE.sub(lambda found: _MEANT.get(found[1], found[1]), copied)


def _made_by_database(field: "Field[Any, Any]") -> bool:
    return field.generated or isinstance(field, AutoField) or field.db_default is not NOT_PROVIDED


def _default(field: "Field[Any, Any]", now: datetime) -> str:
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return now.isoformat()
    if field.has_default():
        value = field.get_default()
        return json.dumps(value) if isinstance(value, dict | list) else NULL if value is None else str(value)
    if field.null:
        return NULL
    if not field.empty_strings_allowed:
        raise ValueError(f"{field} has no default: give it with each row")
    return ""


@contextmanager
def without_indexes(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """Drop a table's plain indexes and make them again at the end: quicker than to fill them row by row.

    The caller commits: in one transaction with the rows, nothing that breaks off leaves a table without them.
    """
    found = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
        "LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid "
        "WHERE i.indrelid = %s::regclass AND c.oid IS NULL AND NOT i.indisunique",
        [table],
    ).fetchall()
    for name, _definition in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(name)))
    yield
    for _name, definition in found:
        connection.execute(definition)
