"""Two sessions on the old database that see one moment of it and cannot write.

Two, because messages and what was said of them are read side by side, each by a COPY of its own.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import IsolationLevel, errors, sql
from psycopg.conninfo import conninfo_to_dict

from cvgorod_hub.common.redaction import redact
from cvgorod_hub.old_hub.errors import OldHubError, OldHubSetupError

CONNECT_SECONDS = 10
EXAMPLE = "postgres://user:password@host:5432/name"
# Moments as the hub's side reads them, whatever the old server's defaults; no time limit of its own.
_SESSION = (
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)
# The old hub's own settings may name SQLAlchemy's driver.
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")
Session = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class OldDatabase:
    """`where` names it without login; `main` and `beside` see the same moment."""

    where: str
    password: str = field(repr=False)
    main: Session
    beside: Session

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A small table whole, through COPY: every value is its text, or None."""
        with self.main.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
            return list(copy.rows())

    def value(self, query: str) -> Any:  # noqa: ANN401  (whatever the query says)
        row = self.main.execute(query).fetchone()
        return row[0] if row else None

    def count(self, table: str) -> int | None:
        """All of its rows; None where it must not be read."""
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        try:
            with self.main.transaction():
                row = self.main.execute(query).fetchone()
        except errors.InsufficientPrivilege:
            return None
        return int(row[0]) if row else None

    def lines(self, query: str, *, session: Session | None = None) -> Iterator[bytes]:
        """The rows as COPY writes them, in UTF-8, one after the other."""
        is_unknown = self.main.info.parameter_status("server_encoding") == "SQL_ASCII"
        with (
            # Here, as its reader takes errors for those of this hub's database.
            _said_plainly(self.where, self.password),
            (session or self.main).cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT") as copy,
        ):
            for line in _split(copy):
                # Such a database keeps any bytes, and hands them on as they are.
                yield line.decode("utf-8", "replace").encode() if is_unknown else line


@contextmanager
def open_old_database(url: str) -> Iterator[OldDatabase]:
    """Raises OldHubSetupError without an address, OldHubError where the server does not answer."""
    parts = _parts(url)
    where = f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
    with ExitStack() as stack:
        main = stack.enter_context(_session(parts, where))
        snapshot = main.execute("SELECT pg_export_snapshot()").fetchone()
        beside = stack.enter_context(_session(parts, where, snapshot=snapshot[0] if snapshot else None))
        password = str(parts.get("password") or "")
        with _said_plainly(where, password):
            yield OldDatabase(where, password, main, beside)


def _split(blocks: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """Lines with their ends. A block is one of them as servers send them today; nobody promises it."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + bytes(block)).split(b"\n")
        for line in lines:
            yield line + b"\n"


def _parts(url: str) -> dict[str, Any]:
    if not url:
        raise OldHubSetupError(f"OLD_DATABASE_URL is not set: the old hub's database, as in {EXAMPLE}.")
    try:
        return dict(conninfo_to_dict(_DRIVER.sub(r"\1://", url)))
    except psycopg.ProgrammingError:
        # The reason would quote the address, password and all.
        raise OldHubSetupError(f"OLD_DATABASE_URL cannot be read: write it as {EXAMPLE}.") from None


@contextmanager
def _session(parts: dict[str, Any], where: str, *, snapshot: str | None = None) -> Iterator[Session]:
    given = {"connect_timeout": CONNECT_SECONDS, "application_name": "migrate_from_old", **parts}
    try:
        session = psycopg.connect(**{**given, "client_encoding": "UTF8"})
    except psycopg.OperationalError as error:
        raise OldHubError(
            f"The old database {where} cannot be reached: {_line(error, parts.get('password'))}"
        ) from None
    with session:
        session.isolation_level = IsolationLevel.REPEATABLE_READ
        session.read_only = True
        if snapshot is not None:
            session.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        for statement in _SESSION:
            session.execute(statement)
        yield session
        session.rollback()


@contextmanager
def _said_plainly(where: str, password: object) -> Iterator[None]:
    """Errors of the old server as one line of ours; Django's own (of the hub's database) pass."""
    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise OldHubSetupError(
            f"The old database {where} does not let us read: {_line(error, password)}"
        ) from None
    except psycopg.Error as error:
        raise OldHubError(f"The old database {where} failed: {_line(error, password)}") from None


def _line(error: psycopg.Error, password: object) -> str:
    text = " ".join(redact(str(error)).split())
    return text.replace(str(password), "[password]") if password else text
