"""So many calls a minute, exactly, whoever counts; wrong keys slowed; nothing of it where Redis is away."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from cvgorod_hub.api import authentication
from cvgorod_hub.api.keys import create_key, limits
from cvgorod_hub.api.keys.limits import MOST_WRONG_KEYS, WINDOW_SECONDS, CallCounter
from tests.api.conftest import Caller
from tests.marks import committed

WRONG = "cvh_0123456789ab_wrong"


def limited(most: int) -> Caller:
    return Caller(create_key(name="agent", scopes=["read"], calls_per_minute=most)[1])


def shift(client: "redis.Redis", name: str, *, seconds: float) -> None:
    """As if every call counted under this name had been made so much earlier."""
    key = f"hub:calls:{name}"
    moments = [int(each) for each in client.lrange(key, 0, -1)]
    client.delete(key)
    client.rpush(key, *(moment - round(seconds * 1000) for moment in moments))


@pytest.fixture
def server(settings: Settings) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


def test_a_limit_is_told_and_kept(db: None) -> None:
    caller = limited(2)

    first, second, third = (caller.get("chats") for _ in range(3))

    assert [first.status_code, second.status_code, third.status_code] == [200, 200, 429]
    assert first.headers["RateLimit-Policy"] == '"key";q=2;w=60'
    assert first.headers["RateLimit"] == '"key";r=1;t=60'
    assert second.headers["RateLimit"] == '"key";r=0;t=60'
    wait = third.headers["Retry-After"]
    assert 58 <= int(wait) <= 60
    assert third.headers["RateLimit"] == f'"key";r=0;t={wait}'
    assert third.json() == {"detail": f"This API key may make 2 calls a minute. Try again in {wait} s."}


def test_a_key_without_a_limit_asks_redis_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.counter, "take", None)
    caller = Caller(create_key(name="agent", scopes=["read"])[1])

    answer = caller.get("chats")

    assert answer.status_code == 200
    assert not {"RateLimit", "RateLimit-Policy"} & answer.headers.keys()


def test_what_is_refused_for_its_scope_counts(db: None) -> None:
    caller = limited(1)

    assert caller.post("send", {}).status_code == 403
    assert caller.get("chats").status_code == 429


class TestCounter:
    def test_slides(self, server: "redis.Redis") -> None:
        counter = CallCounter()
        for _ in range(3):
            counter.take("x", most=5)
        shift(server, "x", seconds=40)
        for _ in range(2):
            counter.take("x", most=5)

        refused = counter.take("x", most=5)
        assert refused is not None
        assert (refused.is_granted, refused.remaining) == (False, 0)
        assert 19 < refused.seconds <= 20

        shift(server, "x", seconds=20)  # the first three leave the window, the other two stay
        answers = [counter.take("x", most=5) for _ in range(4)]
        assert [each and each[:2] for each in answers] == [(True, 2), (True, 1), (True, 0), (False, 0)]

    def test_refusals_are_not_counted(self, server: "redis.Redis") -> None:
        counter = CallCounter()
        for _ in range(10):
            counter.take("x", most=3)

        assert server.llen("hub:calls:x") == 3
        assert 0 < server.pttl("hub:calls:x") <= WINDOW_SECONDS * 1000

    def test_a_lower_limit_counts_from_now_on(self) -> None:
        counter = CallCounter()
        for _ in range(5):
            counter.take("x", most=5)

        refused = counter.take("x", most=2)

        assert refused is not None
        assert (refused.is_granted, refused.remaining) == (False, 0)

    def test_a_clock_that_was_put_back_locks_nobody_out(self, server: "redis.Redis") -> None:
        counter = CallCounter()
        counter.take("x", most=1)
        shift(server, "x", seconds=-3600)

        again = counter.take("x", most=1)

        assert again is not None
        assert again.is_granted

    def test_is_exact_for_many_at_once(self) -> None:
        together = threading.Barrier(8)

        def take() -> int:
            counter = CallCounter()  # as in a process of its own
            together.wait()
            answers = [counter.take("x", most=100) for _ in range(50)]
            assert None not in answers
            return sum(each is not None and each.is_granted for each in answers)

        with ThreadPoolExecutor(8) as pool:
            granted = [each.result() for each in [pool.submit(take) for _ in range(8)]]

        assert sum(granted) == 100


@committed
def test_a_limit_is_exact_for_calls_at_once() -> None:
    caller = limited(20)
    together = threading.Barrier(8)

    def call() -> list[int]:
        mine = Caller(caller.key)
        together.wait()
        try:
            return [mine.get("chats").status_code for _ in range(5)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for each in [pool.submit(call) for _ in range(8)] for status in each.result()]

    assert sorted(statuses) == [200] * 20 + [429] * 20


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def _away(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:9/0"
        monkeypatch.setattr(limits, "counter", CallCounter())

    def test_calls_pass_and_the_log_says_so_once(
        self, db: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "_PAUSE_SECONDS", 0)  # asks again each time
        caller = limited(1)

        statuses = [caller.get("chats").status_code for _ in range(3)]

        assert statuses == [200, 200, 200]
        said = [r.getMessage() for r in caplog.records if r.name == "cvgorod_hub.api.keys.limits"]
        assert said == ["calls are not limited: no Redis error=ConnectionError"]

    def test_redis_is_left_alone_for_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert limits.counter.take("x", most=1) is None
        monkeypatch.setattr(limits.counter, "_take", None)  # to ask would be an error

        assert limits.counter.take("x", most=1) is None

    def test_wrong_keys_are_401(self, db: None) -> None:
        statuses = {Caller(WRONG).get("chats").status_code for _ in range(MOST_WRONG_KEYS + 5)}

        assert statuses == {401}


class TestWrongKeys:
    def call(self, key: str | None, **environ: str) -> int:
        headers = {} if key is None else {"X-API-Key": key}
        return Client().get("/api/v1/chats", headers=headers, **environ).status_code

    def test_are_slowed(self, db: None) -> None:
        statuses = [self.call(WRONG) for _ in range(MOST_WRONG_KEYS)]
        answer = Caller(WRONG).get("chats")

        assert set(statuses) == {401}
        assert answer.status_code == 429
        wait = answer.headers["Retry-After"]
        assert 50 <= int(wait) <= 60
        assert answer.json() == {
            "detail": f"The API key is not known here. Too many wrong keys from there. Try again in {wait} s."
        }

    def test_do_not_lock_out_a_right_one(self, db: None) -> None:
        right = create_key(name="good", scopes=["read"])[1]
        for _ in range(MOST_WRONG_KEYS + 5):
            self.call(WRONG)

        assert self.call(WRONG) == 429
        assert self.call(right) == 200

    def test_cost_a_right_one_nothing(
        self, db: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        right = create_key(name="good", scopes=["read"])[1]
        self.call(right)
        monkeypatch.setattr(authentication, "spend_failure", None)

        with django_assert_num_queries(2):  # the key, the page
            assert self.call(right) == 200

    def test_are_counted_by_address(self, db: None) -> None:
        for _ in range(MOST_WRONG_KEYS):
            self.call(WRONG, REMOTE_ADDR="203.0.113.7")

        assert self.call(WRONG, REMOTE_ADDR="203.0.113.7") == 429
        assert self.call(WRONG, REMOTE_ADDR="203.0.113.8") == 401

    def test_are_counted_by_network_in_ipv6(self, db: None) -> None:
        for n in range(MOST_WRONG_KEYS):
            self.call(WRONG, REMOTE_ADDR=f"2001:db8::{n:x}")

        assert self.call(WRONG, REMOTE_ADDR="2001:db8::ffff:1") == 429
        assert self.call(WRONG, REMOTE_ADDR="2001:db8:0:1::1") == 401

    def test_no_key_is_no_wrong_key(self, db: None) -> None:
        assert {self.call(None) for _ in range(MOST_WRONG_KEYS + 5)} == {401}

    def test_a_claimed_address_means_nothing(self, db: None) -> None:
        statuses = [
            self.call(WRONG, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}") for n in range(MOST_WRONG_KEYS + 1)
        ]

        assert statuses[-1] == 429

    def test_behind_a_proxy_its_own_word_counts_and_no_other(self, db: None, settings: Settings) -> None:
        settings.BEHIND_PROXY = True
        for n in range(MOST_WRONG_KEYS):
            self.call(WRONG, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}, 203.0.113.7")

        assert self.call(WRONG, HTTP_X_FORWARDED_FOR="203.0.113.8, 203.0.113.7") == 429
        assert self.call(WRONG, HTTP_X_FORWARDED_FOR="203.0.113.7, 203.0.113.8") == 401

    @pytest.mark.parametrize("said", ["", "nonsense", "203.0.113.7:8080"])
    def test_an_address_that_cannot_be_read_is_one_address(
        self, db: None, settings: Settings, caplog: pytest.LogCaptureFixture, said: str
    ) -> None:
        settings.BEHIND_PROXY = True
        caplog.set_level(logging.INFO)
        for _ in range(MOST_WRONG_KEYS):
            self.call(WRONG, HTTP_X_FORWARDED_FOR=said, REMOTE_ADDR="")

        assert self.call(WRONG, HTTP_X_FORWARDED_FOR=said, REMOTE_ADDR="") == 429
