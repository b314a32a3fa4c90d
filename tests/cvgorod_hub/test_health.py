import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings
from pytest_django import DjangoAssertNumQueries

from cvgorod_hub import health


@pytest.fixture(autouse=True)
def _migrations_not_looked_at_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrations_are_applied", False)


@pytest.mark.parametrize("path", ["/health/live", "/health/live/"])
def test_live_asks_nobody(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/ready", "/health/ready/"])
def test_ready_names_its_checks(client: Client, path: str) -> None:
    response = client.get(path)
    checks = {"database": "ok", "migrations": "ok", "redis": "ok"}
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": checks})


@pytest.mark.django_db
@override_settings(REDIS_URL="redis://:secret-word@127.0.0.1:9/0")
def test_not_ready_without_redis(client: Client) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "migrations": "ok", "redis": "unreachable"},
    }


@pytest.mark.django_db
def test_not_ready_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "connection", connections.create_connection("default"))
    monkeypatch.setitem(health.connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(health.connection.settings_dict, "PORT", "9")
    monkeypatch.setattr(health.transaction, "get_connection", lambda _using: health.connection)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "unreachable",
        "migrations": "unknown",
        "redis": "ok",
    }


@pytest.mark.django_db
def test_not_ready_before_every_migration(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="bots").delete()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["migrations"] == "pending"


@pytest.mark.django_db
def test_migrations_are_read_once(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client.get("/health/ready")
    # A savepoint, the timeout, the question, the savepoint's end: none of the migrations' own.
    with django_assert_num_queries(4):
        client.get("/health/ready")


def test_health_is_read_only(client: Client) -> None:
    assert client.post("/health/live").status_code == 405
