"""One poller per bot: two of them would steal each other's updates.

A session lock of PostgreSQL on a connection of its own, so that it ends with the process that holds it,
however that ends.
"""

import os
import socket

import psycopg
from django.db import OperationalError

from cvgorod_hub.common.database import session_connection

# PostgreSQL cuts longer application names.
LONGEST_NAME = 63
# Any constant will do; it keeps these locks apart from other users of advisory locks.
LOCK_SPACE = 0x_C7_60_0D


# The server, too, notices within a minute or so when the other machine is gone without a word; by default it
# would keep a dead collector's lock for two hours. (How we notice: settings/servers.py.)
SERVER_PATIENCE = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class PollerLockError(Exception):
    """Another process polls this bot; the message names it."""


class PollerLock:
    def __init__(self, bot_id: int) -> None:
        self._key = LOCK_SPACE ^ bot_id
        self._connection: psycopg.Connection | None = None

    def hold(self) -> None:
        """Take the lock, or make sure that it is still ours.

        Raises PollerLockError, and OperationalError while the database is away.

        Called before every poll: a restarted database has forgotten the lock together with its session.
        """
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except psycopg.OperationalError:
                self.release()
            else:
                return
        try:
            self._connection = self._take()
        except psycopg.OperationalError as error:
            raise OperationalError(str(error)) from error

    def _take(self) -> "psycopg.Connection":
        session = self._open_session()
        row = session.execute("SELECT pg_try_advisory_lock(%s)", [self._key]).fetchone()
        if row is None or not row[0]:
            holder = self._holder(session)
            session.close()
            raise PollerLockError(
                f"This bot is already polled by {holder}; a second poller would take its updates."
            )
        return session

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open_session(self) -> psycopg.Connection:
        parameters = {
            **session_connection().get_connection_params(),
            "application_name": _own_name(),
            "cursor_factory": psycopg.Cursor,
            "autocommit": True,
        }
        parameters.pop("prepare_threshold", None)
        parameters.pop("context", None)
        session = psycopg.connect(**parameters)
        for name, value in SERVER_PATIENCE.items():
            session.execute("SELECT set_config(%s, %s, false)", [name, value])
        return session

    def _holder(self, session: psycopg.Connection) -> str:
        row = session.execute(
            """
            SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
            WHERE locktype = 'advisory' AND granted
              AND ((classid::bigint << 32) | objid::bigint) = %s
              AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            [self._key],
        ).fetchone()
        return str(row[0]) if row else "another process"


def _own_name() -> str:
    """Where and what we are; a long host name is cut rather than the process's number."""
    place, process = f"collect_telegram on {socket.gethostname()}", f", process {os.getpid()}"
    return place[: LONGEST_NAME - len(process)] + process
