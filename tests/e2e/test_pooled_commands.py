"""Commands of ops pass PgBouncer by: what they leave in a session would be somebody else's next."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from messaging.models import Message
from tests.e2e.pooler import CONNECTIONS, pgbouncer
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed
from tests.old_hub.old_database import old_server

pytestmark = [committed, pytest.mark.e2e]
WAITING = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass"


@pytest.fixture
def pooled(processes: Processes, tmp_path: Path) -> Iterator[set[int]]:
    """The hub's processes go through the pooler; the numbers of the sessions that it hands round."""
    direct = processes.database_url
    tmp_path.chmod(0o755)  # as root, PgBouncer runs as a user of its own
    with pgbouncer(direct, tmp_path) as address:
        processes.environment |= {
            "DATABASE_URL": address,
            "DATABASE_POOLER": "transaction",
            "DATABASE_DIRECT_URL": direct,
        }
        yield open_all(address)
        processes.close()


def open_all(address: str) -> set[int]:
    """Have the pooler open every session that it may: from now on each transaction gets the next."""
    sessions = [psycopg.connect(address) for _ in range(CONNECTIONS)]  # each holds one by its transaction
    try:
        return {session.execute("SELECT pg_backend_pid()").fetchall()[0][0] for session in sessions}
    finally:
        for session in sessions:
            session.rollback()  # or the pooler would let go of it, as of any that is left so
            session.close()


@contextmanager
def nobody_gets_at(table: str) -> Iterator[None]:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
            cursor.execute("COMMIT")
    finally:
        other.close()


def who_waits_for(table: str) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [table])
        return {pid for (pid,) in cursor.fetchall()}


@pytest.mark.parametrize(("command", "table"), [("prepare", "erasures"), ("backup", "users")])
def test_it_passes_the_pooler_by(
    processes: Processes, pooled: set[int], tmp_path: Path, command: str, table: str
) -> None:
    if command == "prepare":
        MigrationExecutor(connection).migrate([("hub", "0013_erasures_for_groups")])
    arguments = [str(tmp_path / "backup")] if command == "backup" else []
    with nobody_gets_at(table):
        running = processes.manage(command, *arguments)
        assert not wait_for(lambda: who_waits_for(table)) & pooled
    assert running.wait(60) == 0, processes.log(command)


def test_the_old_hub_comes_over(processes: Processes, pooled: set[int]) -> None:
    """Its rows wait in temporary tables, which are their session's."""
    with old_server("old_hub_pooled") as old:
        old.build("all")
        old.chat()
        old.person()
        for _ in range(3):
            old.message()
        processes.environment["OLD_DATABASE_URL"] = old.url
        migrating = processes.manage("migrate_from_old")
        assert migrating.wait(60) == 0, processes.log("migrate_from_old")

    assert Message.objects.count() == 3
