"""The pace's memory in a real Redis, and time that passes for it without being waited for."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings


@pytest.fixture
def store() -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        client.flushdb()
        yield client
        client.flushdb()


def a_while_passes(store: "redis.Redis", *, seconds: float) -> None:
    """Put everything that is remembered so much further into the past."""
    for key in store.keys("hub:pace:*"):
        match store.type(key):
            case "list":
                for place, at in enumerate(store.lrange(key, 0, -1)):
                    store.lset(key, place, float(at) - seconds * 1000)
            case "zset":
                store.zadd(
                    key, {name: at - seconds * 1000 for name, at in store.zrange(key, 0, -1, withscores=True)}
                )
            case _ if not key.endswith("warm"):
                store.set(key, float(store.get(key)) - seconds * 1000)
