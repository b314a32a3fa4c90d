"""The database that a restore writes to: empty, nobody else's, and of no use until it is whole.

While a restore is at work the database is read only for everybody else. So a hub that is started on one that
is half restored can claim no reply, and with that send none. A schema of our own tells the next restore that
it is unfinished: read only alone is what somebody makes a living database, too, before they move it.
"""

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg import sql

from cvgorod_hub.keeping.errors import SetupError

Session = psycopg.Connection[tuple[Any, ...]]

# What stands here is somebody's. All else is what migrations, and a first start, write by themselves.
_SOMEBODYS = (
    "messages",
    "chats",
    "users",
    "raw_updates",
    "pending_responses",
    "api_keys",
    "webhook_endpoints",
    "message_analysis",
    "history_imports",
)
# Of other roles' sessions PostgreSQL tells no more than the name, unless it is asked by a superuser.
_OTHERS = """
SELECT count(*), min(COALESCE(NULLIF(application_name, ''), usename::text)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND usename IS NOT NULL AND COALESCE(backend_type, 'client backend') = 'client backend'
"""
# A constant of the restore's own, for pg_try_advisory_lock: two at once would fill one database together.
_LOCK = 0x_C7_60_0E
# A schema that is there while the database holds what a restore has brought so far.
_IS_UNFINISHED = """
SELECT to_regnamespace('cvgorod_hub_restoring') IS NOT NULL AND EXISTS (
    SELECT 1 FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
    WHERE datname = current_database() AND setrole = 0
      AND 'default_transaction_read_only=on' = ANY (setconfig))
"""
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f') AND NOT relispartition
  AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
ORDER BY relname
"""
_RELATIONS = """
SELECT relkind, relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND NOT relispartition
  AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('e', 'i'))
"""
_FUNCTIONS = """
SELECT pg_proc.oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""
_KINDS = {"r": "TABLE", "p": "TABLE", "v": "VIEW", "S": "SEQUENCE"}


def refuse_unless_free(session: Session, *, hubs: Collection[str]) -> None:
    """Raise SetupError where the database holds anything of somebody's, or somebody else is in it.

    A hub that was started and has not collected anything yet is as good as empty. `hubs`: the tables that a
    hub has; any other one belongs to something that is not ours to drop.
    """
    if not _one(session, "SELECT pg_try_advisory_lock(%s)", [_LOCK]):
        raise SetupError("another restore is at work in this database.")
    _refuse_others(session)
    if is_unfinished(session):
        return
    if foreign := [name for (name,) in session.execute(_TABLES).fetchall() if name not in hubs]:
        raise SetupError(
            f"this database holds what is not the hub's: {', '.join(foreign[:3])}. Restore into an empty "
            "database (another DATABASE_URL)."
        )
    for table in _SOMEBODYS:
        if _exists(session, table) and _has_rows(session, table):
            raise SetupError(
                f"this database is in use: {table} holds rows. Restore into an empty database "
                "(another DATABASE_URL, or another HUB_DATA_DIR)."
            )


def is_unfinished(session: Session) -> bool:
    """Whether a restore into this database has begun, and has not come to its end."""
    return bool(_one(session, _IS_UNFINISHED))


def close_for_others(session: Session) -> None:
    """Raises SetupError, and leaves it as it was, where somebody came in just before it was closed."""
    was_closed = is_unfinished(session)
    with session.transaction():
        session.execute("CREATE SCHEMA IF NOT EXISTS cvgorod_hub_restoring")
        _set_read_only(session, "SET default_transaction_read_only = on")
    try:
        _refuse_others(session)
    except SetupError:
        if not was_closed:
            open_for_all(session)
        raise


def open_for_all(session: Session) -> None:
    with session.transaction():
        _set_read_only(session, "RESET default_transaction_read_only")
        session.execute("DROP SCHEMA IF EXISTS cvgorod_hub_restoring")


def empty(session: Session) -> None:
    """Drop the tables and functions of a hub that nobody used, or of a restore that was broken off."""
    with session.transaction():
        relations = session.execute(_RELATIONS).fetchall()
        for kind, name in relations:
            drop = sql.SQL("DROP {} IF EXISTS {} CASCADE").format(
                sql.SQL(_KINDS[_text(kind)]), sql.Identifier("public", name)
            )
            session.execute(drop)
        # Where no hub was, they are somebody's own.
        for (signature,) in session.execute(_FUNCTIONS).fetchall() if relations else ():
            # As PostgreSQL itself writes it, quoted where it must be.
            session.execute(f"DROP FUNCTION IF EXISTS {signature} CASCADE")


def _refuse_others(session: Session) -> None:
    others, name = session.execute(_OTHERS).fetchone() or (0, "")
    if others:
        raise SetupError(
            f"{others} other sessions use this database ({name}): stop web, worker, beat and collector first."
        )


def _set_read_only(session: Session, how: str) -> None:
    name = _one(session, "SELECT current_database()")
    session.execute(sql.SQL("ALTER DATABASE {} ").format(sql.Identifier(str(name))) + sql.SQL(how))


def _exists(session: Session, table: str) -> bool:
    return _one(session, "SELECT to_regclass(%s)", [f"public.{table}"]) is not None


def _has_rows(session: Session, table: str) -> bool:
    return bool(_one(session, sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(sql.Identifier(table))))


def _one(session: Session, query: str | sql.Composed, parameters: list[object] | None = None) -> object:
    row = session.execute(query, parameters).fetchone()
    return row[0] if row else None


def _text(kind: object) -> str:
    """PostgreSQL's one-byte "char" comes as bytes or as text."""
    return kind.decode() if isinstance(kind, bytes) else str(kind)
