"""Which tables and columns the old database has, and each column as a value that the hub can hold.

Columns came one script after the other, and by hand: what is missing reads as NULL, and what cannot be meant
(a number that is none, a year that never comes) does so, too. Every function returns SQL of the old side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.errors import OldHubSetupError

KNOWN = (
    "user_roles", "message_patterns", "users", "chats", "messages", "message_analysis", "pending_responses",
)  # fmt: skip
# Without these it is no old hub's database.
NEEDED = {
    "chats": {"id"},
    "users": {"id"},
    "messages": {"id", "telegram_message_id", "chat_id", "user_id", "text", "timestamp"},
}
# Only this hub has them.
OURS = {"search_vector", "changed_xid"}
_TABLES = """
SELECT relname, has_table_privilege(oid, 'SELECT'), relkind IN ('r', 'p', 'f') FROM pg_class
 WHERE relkind IN ('r', 'p', 'm', 'v', 'f') AND pg_table_is_visible(oid)
   AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
   AND relpersistence <> 't'
 ORDER BY 1
"""
_COLUMNS = """
SELECT pg_class.relname, attname, pg_type.typname, pg_type.typcategory
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
 WHERE attnum > 0 AND NOT attisdropped AND pg_table_is_visible(pg_class.oid)
   AND relkind IN ('r', 'p', 'm', 'v', 'f')
   AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
_REPLIES_BY_KEY = """
SELECT EXISTS (
    SELECT FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
     WHERE contype = 'f' AND convalidated AND conrelid = to_regclass('messages')
       AND confrelid = to_regclass('messages') AND attname = 'reply_to_message_id')
"""
_WHOLE = ("int2", "int4", "int8")
# Nothing that was said or seen is from before this; what has happened is over when tomorrow begins.
EARLIEST = "1970-01-01"
HAPPENED = "tomorrow"
LATEST = "9999-01-01"


@dataclass(frozen=True)
class Table:
    """`columns`: by name, (type, category) as pg_type has them. Expressions read from the alias."""

    name: str
    alias: str
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return name in self.columns

    def column(self, name: str) -> str:
        return f'{self.alias}."{name}"'

    def text(self, name: str) -> str:
        return f"{self.column(name)}::text" if self.has(name) else "NULL::text"

    def number(self, name: str) -> str:
        """A bigint; NULL for what is none."""
        kind, category = self.columns.get(name, ("", ""))
        column = self.column(name)
        if kind in _WHOLE:
            return f"{column}::bigint"
        if category == "N":
            return f"CASE WHEN {column} BETWEEN -9e18 AND 9e18 THEN trunc({column})::bigint END"
        if category == "S":
            return rf"CASE WHEN {column} ~ '^\s*-?[0-9]{{1,18}}\s*$' THEN {column}::bigint END"
        return "NULL::bigint"

    def share(self, name: str) -> str:
        """From 0 to 1, of a share or of per cent; NULL for what is neither."""
        _kind, category = self.columns.get(name, ("", ""))
        column = self.column(name)
        if category != "N":
            return "NULL::float8"
        return (
            f"CASE WHEN {column} >= 0 AND {column} <= 1 THEN {column}::float8 "
            f"WHEN {column} > 1 AND {column} <= 100 THEN {column}::float8 / 100 END"
        )

    def moment(self, name: str, *, until: str = LATEST) -> str:
        """A timestamptz. Without a time zone it is UTC's."""
        kind, category = self.columns.get(name, ("", ""))
        if category != "D" or kind not in ("timestamp", "timestamptz", "date"):
            return "NULL::timestamptz"
        column = self.column(name)
        within = f"CASE WHEN {column} >= '{EARLIEST}' AND {column} <= '{until}' THEN {column} END"
        return within if kind == "timestamptz" else f"({within})::timestamp AT TIME ZONE 'UTC'"

    def flag(self, name: str) -> str:
        _kind, category = self.columns.get(name, ("", ""))
        column = self.column(name)
        if category == "B":
            return column
        if category == "N":
            return f"({column} <> 0)"
        if category == "S":
            return f"(lower({column}) IN ('t', 'true', '1', 'yes'))"
        return "NULL::boolean"

    def document(self, name: str) -> str:
        """JSON as text; of `json`, which may hold what jsonb refuses, nothing."""
        return (
            f"{self.column(name)}::text" if self.columns.get(name, ("", ""))[0] == "jsonb" else "NULL::text"
        )

    def texts(self, name: str) -> str:
        """An array of texts as JSON."""
        kind, category = self.columns.get(name, ("", ""))
        if category == "A":
            return f"array_to_json({self.column(name)})::text"
        if kind in ("json", "jsonb"):
            return f"{self.column(name)}::text"
        return f"json_build_array({self.column(name)})::text" if self.has(name) else "NULL::text"


def said_at(message: Table) -> str:
    """When a message was said: where that cannot be, when the old hub stored it; else NULL."""
    times = [message.moment(name, until=HAPPENED) for name in ("timestamp", "created_at")]
    return f"coalesce({', '.join(times)})"


@dataclass(frozen=True)
class Shape:
    """The old database's tables by name; `others` are left alone; `replies_by_key`: reply_to is a key."""

    tables: Mapping[str, Table]
    others: tuple[str, ...]
    replies_by_key: bool

    def table(self, name: str, alias: str) -> Table:
        """With no columns where there is no such table."""
        return Table(name, alias, self.tables[name].columns if name in self.tables else {})

    def has(self, name: str) -> bool:
        return name in self.tables


def read_shape(old: OldDatabase) -> Shape:
    """Raises OldHubSetupError where this is not an old hub's database, or must not be read."""
    columns: dict[str, dict[str, tuple[str, str]]] = {}
    for table, name, kind, category in old.main.execute(_COLUMNS).fetchall():
        columns.setdefault(table, {})[name] = (kind, category)
    found = old.main.execute(_TABLES).fetchall()
    readable = {name: is_readable for name, is_readable, _is_table in found}
    _check(old.where, columns, readable)
    known = {*KNOWN, "customers", "customer_uuid_mapping"}
    tables = {name: Table(name, name, columns[name]) for name in known & columns.keys() if readable.get(name)}
    others = tuple(name for name, _is_readable, is_table in found if is_table and name not in KNOWN)
    return Shape(tables, others, bool(old.value(_REPLIES_BY_KEY)))


def _check(
    where: str, columns: Mapping[str, Mapping[str, tuple[str, str]]], readable: Mapping[str, bool]
) -> None:
    missing = [
        f"{table}.{name}"
        for table, names in NEEDED.items()
        for name in sorted(names - columns.get(table, {}).keys())
    ]
    if missing:
        raise OldHubSetupError(f"{where} is not an old hub's database: it has no {', '.join(missing)}.")
    if OURS & columns["messages"].keys():
        raise OldHubSetupError(
            f"{where} is a database of this hub, not of the one before: OLD_DATABASE_URL names the wrong one."
        )
    if refused := [name for name in KNOWN if readable.get(name) is False]:
        raise OldHubSetupError(
            f"{where} does not let us read {', '.join(refused)}: "
            f"there, GRANT SELECT ON {', '.join(refused)} TO this user."
        )
