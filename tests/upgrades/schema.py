"""The database as its users see it, and what in a newer one would stop an older version of the hub.

Read from PostgreSQL itself, after all migrations. Linters of migrations search their SQL for words: they take
`IS NOT NULL` in a trigger, or a column with `db_default`, for one that an older version had to fill.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from django.db import connection

RELEASED = Path(__file__).with_name("released.json")

_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           a.atthasdef OR a.attidentity <> ''
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attname
"""
_RULES = """
    SELECT c.relname, pg_get_constraintdef(r.oid), ARRAY(
        SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum = ANY(r.conkey))
    FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND r.contype IN ('c', 'f', 'x')
    UNION ALL
    SELECT c.relname, regexp_replace(pg_get_indexdef(i.indexrelid), 'INDEX \\S+ ON', 'INDEX ON'), ARRAY(
        SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum = ANY(i.indkey))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique
    ORDER BY 1, 2
"""


class Column(TypedDict):
    type: str
    required: bool
    filled: bool  # by PostgreSQL, where an INSERT leaves it out


class Table(TypedDict):
    columns: dict[str, Column]
    rules: dict[str, list[str]]  # what refuses rows, and of which columns it speaks


Schema = dict[str, Table]


def read_schema() -> Schema:
    schema: Schema = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, name, kind, required, filled in cursor.fetchall():
            known = schema.setdefault(table, Table(columns={}, rules={}))
            known["columns"][name] = Column(type=kind, required=required, filled=filled)
        cursor.execute(_RULES)
        for table, rule, columns in cursor.fetchall():
            schema[table]["rules"][rule] = sorted(columns)
    return schema


def breaks(old: Schema, new: Schema) -> list[str]:
    """What a program that knows `old` stumbles over in `new`, sorted."""
    found: list[str] = []
    for name, table in old.items():
        if name not in new:
            found.append(f"{name}: gone")
            continue
        found += [f"{name}.{problem}" for problem in _columns(table["columns"], new[name]["columns"])]
        found += [f"{name}: {problem}" for problem in _rules(table, new[name])]
    return sorted(found)


def _columns(old: dict[str, Column], new: dict[str, Column]) -> Iterator[str]:
    for name, column in old.items():
        if name not in new:
            yield f"{name}: gone"
        elif new[name]["type"] != column["type"]:
            yield f"{name}: was {column['type']}, is {new[name]['type']}"
        elif new[name]["required"] and not column["required"]:
            yield f"{name}: must not be NULL any more"
        elif new[name]["required"] and column["filled"] and not new[name]["filled"]:
            yield f"{name}: is not filled by PostgreSQL any more"
    for name in new.keys() - old.keys():
        if new[name]["required"] and not new[name]["filled"]:
            yield f"{name}: must be filled, and the version before does not know it (db_default, or null)"


def _rules(old: Table, new: Table) -> Iterator[str]:
    """New rules; one that speaks of a new column, which older rows leave NULL, refuses none of them."""
    unknown = new["columns"].keys() - old["columns"].keys()
    harmless = {name for name in unknown if not new["columns"][name]["required"]}
    for rule, columns in new["rules"].items():
        if rule not in old["rules"] and not harmless & set(columns):
            yield f"refuses what it took before: {rule}"
