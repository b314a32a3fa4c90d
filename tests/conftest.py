"""What every test stands on: no network but loopback, and a Celery that is nudged but not run."""

from collections.abc import Iterator

import hypothesis
import pytest
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from pytest_socket import socket_allow_hosts

from tests.partitions import EVERYWHERE, FIRST_MONTH, partition
from tests.reset import keep_migrated_rows, restore

# How long an example takes says something about the machine, nothing about the code.
hypothesis.settings.register_profile(
    "hub", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("hub")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, so that the workers end together."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """PostgreSQL's and other local sockets, and loopback; anything else fails the test."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Tests that commit leave the database as the migrations did, whichever comes next."""
    with django_db_blocker.unblock():
        if EVERYWHERE:  # the same tests, on messages by month
            partition(first=FIRST_MONTH)
        statement = keep_migrated_rows()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: restore(statement))
        yield
