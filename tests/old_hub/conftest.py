import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from cvgorod_hub.old_hub.migrating import Hooks, MigrationOptions, migrate
from cvgorod_hub.old_hub.report import MigrationReport
from tests.old_hub.old_database import OldHub, old_server

Bring = Callable[..., MigrationReport]


@contextmanager
def other_session() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Of this hub's database."""
    own = connection.get_connection_params()
    keys = {key: own[key] for key in ("dbname", "user", "password", "host", "port") if own.get(key)}
    with psycopg.connect(**keys) as session:
        yield session


@pytest.fixture(scope="session")
def old_hub(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[OldHub]:
    with (
        django_db_blocker.unblock(),
        old_server(f"old_hub_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}") as hub,
    ):
        yield hub


@pytest.fixture(autouse=True)
def _new_keys(db: None) -> None:
    """As in a hub that has stored nothing yet; sequences know of no rollback."""
    with connection.cursor() as cursor:
        for table in ("messages", "pending_responses"):
            cursor.execute(f"ALTER SEQUENCE {table}_id_seq RESTART")


@pytest.fixture
def old(old_hub: OldHub) -> OldHub:
    """With all columns, and empty but for its roles."""
    old_hub.build("all")
    return old_hub


@pytest.fixture
def first(old_hub: OldHub) -> OldHub:
    """With the columns of the first script only."""
    old_hub.build("first")
    return old_hub


@pytest.fixture
def bring(old_hub: OldHub) -> Bring:
    def run(hooks: Hooks | None = None, **options: Any) -> MigrationReport:
        report = migrate(old_hub.url, MigrationOptions(**options), hooks or Hooks())
        assert report.broken == []
        return report

    return run
