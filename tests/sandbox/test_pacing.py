"""The pace, on a real Redis; its clock is Redis's own, so tests move the stored times instead of waiting."""

from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from sandbox.models import SendingState
from sandbox.pacing import Pacer, Slot
from tests.factories import ChatFactory, ResponseFactory
from tests.sandbox.pace import a_while_passes, store

__all__ = ["store"]

pytestmark = pytest.mark.django_db

GROUP, OTHER, PERSON = -1001, -1002, 501


@pytest.fixture
def pacer(store: "redis.Redis") -> Pacer:
    """A pacer that has looked at what went before, and may begin."""
    pacer = Pacer()
    assert pacer.reserve([GROUP]).place is None
    a_while_passes(store, seconds=1)
    return pacer


def reserve_many(pacer: Pacer, store: "redis.Redis", chat_id: int, *, every: float, many: int) -> int:
    """How many of so many attempts, one in so many seconds, got a slot."""
    slots = 0
    for _ in range(many):
        slots += pacer.reserve([chat_id]).place is not None
        a_while_passes(store, seconds=every)
    return slots


def test_the_first_message_goes_at_once(pacer: Pacer) -> None:
    assert pacer.reserve([GROUP]) == Slot(0)


def test_one_message_a_second_in_a_chat(pacer: Pacer, store: "redis.Redis") -> None:
    pacer.reserve([GROUP])
    a_while_passes(store, seconds=0.9)

    early = pacer.reserve([GROUP])
    a_while_passes(store, seconds=0.1)

    assert early.place is None
    assert 0 < early.wait_seconds <= 0.1
    assert pacer.reserve([GROUP]) == Slot(0)


def test_the_second_is_counted_from_the_end_of_the_send(pacer: Pacer, store: "redis.Redis") -> None:
    pacer.reserve([GROUP])
    a_while_passes(store, seconds=5)
    pacer.touch(GROUP)

    assert 0.9 < pacer.reserve([GROUP]).wait_seconds <= 1


def test_a_chat_whose_turn_it_is_not_does_not_hold_back_another(pacer: Pacer, store: "redis.Redis") -> None:
    pacer.reserve([GROUP])
    a_while_passes(store, seconds=0.2)

    assert pacer.reserve([GROUP, OTHER]) == Slot(1)


def test_a_group_takes_twenty_messages_a_minute(pacer: Pacer, store: "redis.Redis") -> None:
    assert reserve_many(pacer, store, GROUP, every=1, many=25) == 20

    wait = pacer.reserve([GROUP]).wait_seconds

    assert 34 < wait <= 35  # the first one was 25 seconds ago
    a_while_passes(store, seconds=wait)
    assert pacer.reserve([GROUP]) == Slot(0)


def test_a_person_is_no_group(pacer: Pacer, store: "redis.Redis") -> None:
    assert reserve_many(pacer, store, PERSON, every=1, many=25) == 25


def test_a_pause_that_telegram_asks_for_is_kept(pacer: Pacer, store: "redis.Redis") -> None:
    pacer.reserve([GROUP])
    pacer.touch(GROUP, seconds=30)
    a_while_passes(store, seconds=29)

    assert 0 < pacer.reserve([GROUP]).wait_seconds <= 1
    assert pacer.reserve([OTHER]) == Slot(0)


def test_two_processes_share_one_pace(pacer: Pacer, store: "redis.Redis") -> None:
    pacer.reserve([GROUP])
    a_while_passes(store, seconds=0.5)

    assert Pacer().reserve([GROUP]).place is None


def test_a_redis_that_forgot_learns_from_the_replies(pacer: Pacer, store: "redis.Redis") -> None:
    chat = ChatFactory()
    for second in range(20):
        ResponseFactory(chat=chat, status="sent", claimed_at=timezone.now() - timedelta(seconds=30 + second))
    store.flushdb()

    assert pacer.reserve([chat.pk]).place is None
    a_while_passes(store, seconds=1)

    assert 9 < pacer.reserve([chat.pk]).wait_seconds <= 11  # the oldest of the twenty leaves the minute
    assert pacer.reserve([OTHER]) == Slot(0)


@pytest.fixture
def without_redis(settings: object, monkeypatch: pytest.MonkeyPatch) -> Pacer:
    monkeypatch.setattr("django.conf.settings.REDIS_URL", "redis://127.0.0.1:9/0")
    return Pacer()


def test_without_redis_it_is_slower_and_not_wrong(without_redis: Pacer) -> None:
    assert without_redis.reserve([GROUP]) == Slot(0)
    assert without_redis.reserve([OTHER]) == Slot(None, 3.0)

    SendingState.objects.update(slow_lane_at=timezone.now() - timedelta(seconds=3))

    assert without_redis.reserve([OTHER]) == Slot(0)


def test_without_redis_a_full_minute_of_a_group_counts(without_redis: Pacer) -> None:
    chat = ChatFactory()
    for _ in range(20):
        ResponseFactory(chat=chat, status="sent", claimed_at=timezone.now() - timedelta(seconds=30))

    assert without_redis.reserve([chat.pk]) == Slot(None, 3.0)
    assert without_redis.reserve([chat.pk, OTHER]) == Slot(1)


def test_what_went_out_without_redis_counts_when_it_is_back(
    pacer: Pacer, store: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ChatFactory()
    working = pacer._redis
    pacer.__dict__["_reserve"] = redis.Redis.from_url("redis://127.0.0.1:9/0").register_script("return 1")
    assert pacer.reserve([chat.pk]) == Slot(0)
    ResponseFactory(chat=chat, status="sent", claimed_at=timezone.now())
    del pacer.__dict__["_reserve"]
    assert pacer._redis is working

    assert pacer.reserve([chat.pk]).place is None
    assert store.lrange(f"hub:pace:{chat.pk}", 0, -1) != []


def test_a_clock_that_is_put_back_holds_nobody_up(pacer: Pacer, store: "redis.Redis") -> None:
    """Redis's clock by an hour, and PostgreSQL's: all that is remembered lies an hour ahead."""
    reply = ResponseFactory(chat=ChatFactory(id=GROUP), claimed_at=timezone.now() + timedelta(hours=1))
    assert pacer.reserve([reply.chat_id]) == Slot(0)
    pacer.touch(GROUP)
    a_while_passes(store, seconds=-3600)

    assert pacer.reserve([GROUP]).place is None  # it looks at what went before, and counts from now
    a_while_passes(store, seconds=1)

    assert pacer.reserve([GROUP]) == Slot(0)


def test_a_clock_that_is_put_back_a_little_is_no_reason_to_forget(pacer: Pacer, store: "redis.Redis") -> None:
    pacer.touch(GROUP, seconds=60)
    a_while_passes(store, seconds=-1)

    assert pacer.reserve([GROUP]).wait_seconds > 50
