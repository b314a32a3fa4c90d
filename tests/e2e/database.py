"""A table that nobody can write to, and a PostgreSQL that a test may restart."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import psutil
import psycopg

from cvgorod_hub.embedded import embedded_postgres

STOP_SECONDS = 30


@contextmanager
def locked(table: str, url: str) -> Iterator[Callable[[], bool]]:
    """Nobody can write to the table meanwhile; yields a question: does somebody wait for it?"""
    with psycopg.connect(url, autocommit=True) as other:

        def is_awaited() -> bool:
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
            return other.execute(waiting, [table]).fetchone() is not None

        with other.transaction():
            other.execute(f"LOCK TABLE {table} IN SHARE MODE")  # type: ignore[arg-type]
            yield is_awaited


class OwnPostgres:
    """A PostgreSQL of a test's own on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts = ExitStack()
        self.url = self._start()

    def restart(self, how: signal.Signals) -> None:
        """SIGINT: as `pg_ctl -m fast` does, sessions are ended; SIGQUIT: `-m immediate`, as after a crash."""
        number = int((self._folder / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        postmaster = psutil.Process(number)
        postmaster.send_signal(how)
        postmaster.wait(STOP_SECONDS)
        assert self._start() == self.url

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as session:
            return session.execute(statement).fetchall()  # type: ignore[arg-type]

    def _start(self) -> str:
        return self._starts.enter_context(embedded_postgres(self._folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._starts.close()
