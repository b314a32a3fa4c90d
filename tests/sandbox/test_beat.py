"""No more than 30 messages in any second, however busy the machine and the network are; on a real Redis."""

import heapq
import random
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
import redis
from pytest_django import Settings

from sandbox import beat as beats
from sandbox.beat import BEAT_MS, MOST_A_SECOND, Beat
from tests.bench.delivery import most_within
from tests.sandbox.pace import a_while_passes, store

__all__ = ["store"]

LEASE_SECONDS = 35


@pytest.fixture
def beat(store: "redis.Redis", settings: Settings) -> Beat:
    settings.SEND_DEADLINE_SECONDS = 30
    store.set("hub:pace:warm", 1)
    return Beat(lambda: store)


def begin_all(beat: Beat) -> None:
    assert [beat.begin(f"r{number}") for number in range(MOST_A_SECOND)] == [0] * MOST_A_SECOND


def test_all_messages_together_keep_the_beat(beat: Beat) -> None:
    begun = time.monotonic()
    waits = [beat.take() for _ in range(30)]
    passed = time.monotonic() - begun

    assert waits[0] <= BEAT_MS / 1000
    # The thirtieth message does not fit into the first one's second, however fast they are asked for.
    assert 29 * BEAT_MS / 1000 - passed <= waits[-1] <= 30 * BEAT_MS / 1000


def test_what_is_on_its_way_counts_until_a_second_after_its_answer(beat: Beat, store: "redis.Redis") -> None:
    begin_all(beat)
    a_while_passes(store, seconds=LEASE_SECONDS - 2)
    assert beat.begin("another") == 1  # it asks again: any of them may end, and counts for a second then

    beat.end("r7")

    assert 0.9 < beat.begin("another") <= 1
    a_while_passes(store, seconds=1)
    assert beat.begin("another") == 0
    assert beat.begin("one more") > 0


def test_what_died_on_its_way_does_not_count_for_ever(beat: Beat, store: "redis.Redis") -> None:
    begin_all(beat)
    a_while_passes(store, seconds=LEASE_SECONDS)

    assert beat.begin("another") == 0


def test_a_request_that_is_over_does_not_begin_to_count_by_that(beat: Beat, store: "redis.Redis") -> None:
    beat.end("gone")

    assert store.zcard("hub:pace:counting") == 0


def test_a_clock_that_was_put_back_stops_nobody(beat: Beat, store: "redis.Redis") -> None:
    beat.take()
    begin_all(beat)
    a_while_passes(store, seconds=-3600)

    assert beat.take() <= 2 * BEAT_MS / 1000
    assert 0.9 < beat.begin("another") <= 1
    a_while_passes(store, seconds=1)
    assert beat.begin("another") == 0


def test_after_a_flush_the_second_before_may_have_been_full(beat: Beat, store: "redis.Redis") -> None:
    store.flushdb()

    assert 0.9 < beat.take() <= 1


def test_without_redis_those_who_had_their_turn_go_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(beats.time, "sleep", slept.append)
    beat = Beat(lambda: redis.Redis.from_url("redis://127.0.0.1:9/0"))

    for _each in range(3):
        with beat.next():
            slept.append(0)

    assert slept == [1, 0, 1, 0, 1, 0]


def test_a_request_is_over_also_where_it_fails(beat: Beat, store: "redis.Redis") -> None:
    def fail() -> None:
        with beat.next():
            assert store.zcard("hub:pace:counting") == 1
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()

    a_while_passes(store, seconds=1)
    begin_all(beat)


class Machine:
    """Senders on a clock that is moved on, not waited for: Redis's own, further by what was skipped."""

    def __init__(self, beat: Beat, store: "redis.Redis") -> None:
        self.beat, self._store = beat, store
        self._skipped, self._order = 0.0, count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.arrivals: list[float] = []

    @property
    def now(self) -> float:
        return time.monotonic() + self._skipped

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self._order), then))

    def run(self, *, until: float) -> None:
        while self._due and self._due[0][0] < until:
            at, _number, then = heapq.heappop(self._due)
            if (skipped := at - self.now) > 0:
                a_while_passes(self._store, seconds=skipped)
                self._skipped += skipped
            then()


class Sender:
    """Sends all the time; `hold_ups` says how long each request takes to Telegram, and its answer back."""

    def __init__(self, machine: Machine, hold_ups: Callable[[], float]) -> None:
        self._machine, self._hold_ups, self._names = machine, hold_ups, count()
        self._take()

    def _take(self) -> None:
        self._name = f"{id(self)} {next(self._names)}"
        self._machine.after(self._machine.beat.take(), self._begin)

    def _begin(self) -> None:
        if wait := self._machine.beat.begin(self._name):
            self._machine.after(wait, self._begin)
        else:
            self._machine.after(self._hold_ups(), self._arrive)

    def _arrive(self) -> None:
        self._machine.arrivals.append(self._machine.now)
        self._machine.after(self._hold_ups(), self._end)

    def _end(self) -> None:
        self._machine.beat.end(self._name)
        self._take()


def stalls(machine: Machine, begun: float) -> Iterator[float]:
    """Mostly quick; but what begins in the second half of each second is held up until the next one."""
    chance = random.Random(8)  # noqa: S311  (a test's choices)
    while True:
        past = (machine.now - begun) % 1
        yield chance.uniform(0.01, 0.03) + (1 - past if past > 0.5 else 0)


def test_no_second_has_more_than_thirty_however_they_are_held_up(beat: Beat, store: "redis.Redis") -> None:
    machine = Machine(beat, store)
    begun = machine.now
    hold_ups = stalls(machine, begun)
    for _sender in range(48):
        Sender(machine, lambda: next(hold_ups))

    machine.run(until=begun + 10)

    assert 25 <= most_within(machine.arrivals, 1.0) <= 30  # not by being slow
    assert len(machine.arrivals) > 100
