"""Migrations beside a hub at work: nobody waits long for them, and they come through."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cvgorod_hub.runner import preparation
from tests.e2e.processes import wait_for
from tests.marks import committed

pytestmark = committed
# Tests in other processes share the server.
HERE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest.fixture(autouse=True)
def _an_index_is_missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(preparation, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr(preparation, "PAUSE_SECONDS", 0.05)
    MigrationExecutor(connection).migrate([("clients", "0002_roles")])
    yield
    preparation.migrate()


@contextmanager
def somebody_writes_people() -> Iterator[None]:
    """A transaction that has written to the table, and goes on."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE")
            yield
            cursor.execute("COMMIT")
    finally:
        other.close()


def is_awaited() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM pg_locks WHERE NOT granted AND {HERE} AND relation = 'users'::regclass"  # noqa: S608  (a constant)
        )
        return cursor.fetchone() is not None


def has_index() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_indexes WHERE tablename = 'users' AND indexdef LIKE '%first_seen%'")
        return cursor.fetchone() is not None


def test_a_migration_steps_back_from_a_table_in_use_and_tries_again() -> None:
    def migrate() -> None:
        preparation.migrate()
        connection.close()

    migrating = threading.Thread(target=migrate)
    with somebody_writes_people():
        migrating.start()
        for _ in range(2):
            wait_for(is_awaited)
            wait_for(lambda: not is_awaited())
        assert not has_index()
    migrating.join(60)
    assert has_index()


def test_one_that_never_gets_its_table_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "LOCK_TRIES", 2)
    with somebody_writes_people(), pytest.raises(CommandError, match="end what uses it"):
        preparation.migrate()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
        # Of this session: tests in other processes share the server.
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)


def test_whoever_comes_second_waits_for_the_first() -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [preparation.MIGRATING])
        migrating = threading.Thread(target=lambda: (preparation.migrate(), connection.close()))
        migrating.start()
        wait_for(_waits_for_its_turn)
        assert not has_index()
    other.close()
    migrating.join(60)
    assert has_index()


def _waits_for_its_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND {HERE}")  # noqa: S608  (a constant)
        return cursor.fetchone() is not None
