"""What every test stands on: no network but loopback, and a Celery that is nudged but not run."""

import pytest
from pytest_socket import socket_allow_hosts


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """PostgreSQL's and other local sockets, and loopback; anything else fails the test."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
