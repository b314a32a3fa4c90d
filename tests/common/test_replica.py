"""When a process takes the replica to be near enough, by places in the log that a test makes up."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError

from cvgorod_hub.common import replica
from cvgorod_hub.common.replica import LEFT_ALONE_SECONDS, Following

MOST = 10.0


class Servers:
    """A primary and its replica, and the time."""

    def __init__(self) -> None:
        self.now, self.written = 0.0, 100
        self.replayed: int | None = 100
        self.is_away = False
        self.asked = 0
        self.following = Following(
            written=lambda: self.written,
            replayed=self._replay,
            most_seconds=lambda: MOST,
            clock=lambda: self.now,
        )

    def _replay(self) -> int | None:
        self.asked += 1
        if self.is_away:
            raise OperationalError("connection refused")
        return self.replayed

    def is_near_after(self, seconds: float) -> bool:
        self.now += seconds
        return self.following.is_near()


@pytest.fixture
def servers() -> Servers:
    return Servers()


def test_it_is_near_while_it_has_what_was_written_within_the_limit(servers: Servers) -> None:
    assert servers.is_near_after(0)
    servers.written = 200
    assert [servers.is_near_after(2) for _ in range(5)] == [True] * 5
    assert not servers.is_near_after(2)  # the place of the beginning is older than the limit now
    servers.replayed = 199
    assert not servers.is_near_after(2)
    servers.replayed = 200
    assert servers.is_near_after(2)


def test_a_primary_at_rest_keeps_it_near(servers: Servers) -> None:
    assert all(servers.is_near_after(MOST * 10) for _ in range(3))


def test_who_asks_seldom_is_sent_to_it_only_if_it_has_everything(servers: Servers) -> None:
    assert servers.is_near_after(0)
    servers.written = 101
    assert not servers.is_near_after(MOST + 1)


def test_it_is_asked_once_in_a_while(servers: Servers) -> None:
    assert all(servers.is_near_after(0.1) for _ in range(25))
    assert servers.asked == 3


def test_who_asks_while_another_does_is_not_told_what_was_known_long_ago(servers: Servers) -> None:
    """One thread asks, and may wait for an answer, after an hour in which nobody did."""
    told: list[bool] = []

    def replay_slowly() -> int:
        told.append(servers.following.is_near())
        return 100

    assert servers.is_near_after(0)
    servers.following._replayed = replay_slowly
    assert servers.is_near_after(1)
    assert servers.is_near_after(3600)
    assert told == [True, False]


def test_one_that_is_a_primary_of_its_own_is_no_replica(servers: Servers) -> None:
    servers.replayed = None
    assert not servers.is_near_after(0)


def test_one_that_is_away_is_left_alone_and_then_asked_again(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    servers.is_away = True
    assert not servers.is_near_after(0)
    servers.is_away = False
    assert not servers.is_near_after(LEFT_ALONE_SECONDS - 1)
    assert servers.asked == 1
    assert servers.is_near_after(2)
    assert caplog.messages == ["replica is away error=OperationalError"]


@pytest.fixture
def followed(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """The process's own following is this one, and it reads the replica."""
    monkeypatch.setattr(replica, "_following", servers.following)
    assert servers.is_near_after(0)
    with replica.reading_primary():
        replica._alias.set(replica.REPLICA)
        yield servers


def test_an_error_of_the_connection_leaves_it_alone(followed: Servers) -> None:
    replica.back_to_primary(OperationalError("gone"))
    assert not replica.is_reading_replica()
    assert not followed.following.is_near()


@pytest.mark.parametrize("state", ["40001", "42703"])
def test_an_error_of_the_moment_or_of_the_question_does_not(followed: Servers, state: str) -> None:
    error = OperationalError("canceling statement due to conflict with recovery")
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": state})()
    replica.back_to_primary(error)
    assert not replica.is_reading_replica()
    assert followed.following.is_near()
