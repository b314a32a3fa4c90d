import json
import os
import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings
from pytest_django import Settings

from cvgorod_hub import health
from cvgorod_hub.watching.patience import within

WELL = {"database": "ok", "migrations": "ok", "redis": "ok"}


@pytest.fixture
def hanging_port() -> Iterator[int]:
    """Of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def send_database_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """New connections; that of the test stays where it is."""
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", str(port))


def cut_by_the_deadline() -> bool:
    """As a server that hangs answers `SELECT 1`: not at all, until somebody hangs up."""
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as held:
        select.select([held], [], [])
        return held.recv(1) != b""


@pytest.mark.parametrize("path", ["/health/live", "/health/live/"])
def test_live_asks_nobody(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/ready", "/health/ready/"])
def test_ready_names_its_checks(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": WELL})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
@override_settings(REDIS_URL="redis://:secret-word@127.0.0.1:9/0")
def test_not_ready_without_redis(client: Client) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "checks": {**WELL, "redis": "unreachable"}}


@pytest.mark.django_db
def test_not_ready_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    send_database_to(9, monkeypatch)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {**WELL, "database": "unreachable", "migrations": "unknown"}


@pytest.mark.django_db(transaction=True)
def test_not_ready_before_every_migration(client: Client) -> None:
    applied = MigrationRecorder.Migration.objects.filter(app="bots")
    rows = list(applied)
    applied.delete()
    try:
        response = client.get("/health/ready")
    finally:
        MigrationRecorder.Migration.objects.bulk_create(rows)
    assert response.status_code == 503
    assert response.json()["checks"] == {**WELL, "migrations": "pending"}


@pytest.mark.django_db
def test_not_ready_where_nothing_can_be_written(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a standby, and while a restore is not finished."""
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", "-c default_transaction_read_only=on")
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {**WELL, "database": "read only"}


class TestHanging:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "SECONDS", 0.3)

    def ask(self, client: Client) -> tuple[int, dict[str, str], float]:
        began = time.monotonic()
        response = client.get("/health/ready")
        return response.status_code, response.json()["checks"], time.monotonic() - began

    @pytest.mark.django_db
    def test_a_database_that_says_nothing_is_not_waited_for(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, hanging_port: int
    ) -> None:
        send_database_to(hanging_port, monkeypatch)
        status, checks, seconds = self.ask(client)
        assert (status, checks) == (
            503,
            {"database": "no answer", "migrations": "no answer", "redis": "ok"},
        )
        assert 0.3 <= seconds < 2

        before = threading.active_count()
        for _ in range(3):
            assert self.ask(client)[0] == 503
        assert threading.active_count() <= before  # who asks meanwhile waits for the same answer

    @pytest.mark.django_db
    def test_a_redis_that_says_nothing_is_not_waited_for(
        self, client: Client, settings: Settings, hanging_port: int
    ) -> None:
        settings.REDIS_URL = f"redis://:secret-word@127.0.0.1:{hanging_port}/0"
        status, checks, seconds = self.ask(client)
        assert status == 503
        assert checks["database"] == "ok"
        assert checks["redis"] in {"no answer", "unreachable"}
        assert seconds < 2

    @pytest.mark.django_db
    def test_neither_a_host_nor_a_secret_is_told(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings, hanging_port: int
    ) -> None:
        send_database_to(hanging_port, monkeypatch)
        settings.REDIS_URL = f"redis://:secret-word@127.0.0.1:{hanging_port}/0"
        text = json.dumps(client.get("/health/ready").json())
        assert not [word for word in ("127.0.0.1", str(hanging_port), "secret-word") if word in text]


@pytest.mark.django_db(transaction=True)
class TestPatience:
    def test_postgresql_ends_what_takes_too_long(self) -> None:
        began = time.monotonic()
        with pytest.raises(OperationalError, match="statement timeout"), within(0.2):
            connection.cursor().execute("SELECT pg_sleep(30)")
        assert time.monotonic() - began < 2

    def test_a_connection_that_does_not_answer_is_cut(self) -> None:
        began = time.monotonic()

        def sleep() -> None:
            with within(0.3), connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 0")
                cursor.execute("SELECT pg_sleep(30)")

        with pytest.raises(OperationalError, match="server closed the connection"):
            sleep()
        assert time.monotonic() - began < 2
        connection.close()
        with within(4), connection.cursor() as cursor:  # another one works; who still sleeps is woken
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 3000) FROM pg_stat_activity"
                " WHERE query = 'SELECT pg_sleep(30)' AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchall() == [(True,)]

    def test_no_new_connection_is_waited_for_after_that(
        self, monkeypatch: pytest.MonkeyPatch, hanging_port: int
    ) -> None:
        """Django looks at a connection before it is used again, and takes its time for another."""
        connection.ensure_connection()
        monkeypatch.setattr(connection, "health_check_enabled", True)
        monkeypatch.setattr(connection, "health_check_done", False)
        monkeypatch.setattr(connection, "is_usable", cut_by_the_deadline)
        send_database_to(hanging_port, monkeypatch)
        began = time.monotonic()
        with pytest.raises(OperationalError, match="no answer in time"), within(0.3):
            pass
        assert time.monotonic() - began < 2

    def test_the_connection_stays_as_it_was(self) -> None:
        """One that blocks would wait for more than there is at the end of a long answer."""
        connection.ensure_connection()
        with within(2):
            assert not os.get_blocking(connection.connection.fileno())
        assert not os.get_blocking(connection.connection.fileno())
        with connection.cursor() as cursor:
            cursor.execute("SELECT repeat('x', 1000000)")
            assert len(cursor.fetchone()[0]) == 1_000_000

    def test_the_limit_ends_with_it(self) -> None:
        with within(2):
            pass
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)


@pytest.mark.django_db
def test_ready_takes_less_than_fifty_milliseconds(client: Client) -> None:
    """The fastest of ten: how busy the machine is says nothing about the code."""
    client.get("/health/ready")
    times = []
    for _ in range(10):
        began = time.perf_counter()
        assert client.get("/health/ready").status_code == 200
        times.append(time.perf_counter() - began)
    assert min(times) < 0.05


def test_health_is_read_only(client: Client) -> None:
    assert client.post("/health/live").status_code == 405
