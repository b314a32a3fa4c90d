"""What every test stands on: no network but loopback, and a Celery that is nudged but not run."""

import hypothesis
import pytest
from pytest_socket import socket_allow_hosts

# How long an example takes says something about the machine, nothing about the code.
hypothesis.settings.register_profile(
    "hub", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("hub")


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """PostgreSQL's and other local sockets, and loopback; anything else fails the test."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
