"""Which processes live: each that works in the background says so to Redis, where `/metrics` counts them.

Whether one container is well does not hang on Redis: that is cvgorod_hub/common/heartbeat.py.
"""

import logging
import os
import socket
import time
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)


class Kind(StrEnum):
    WORKER = "worker"
    BEAT = "beat"
    COLLECTOR = "collector"


# Seconds. Whoever was silent for longer than the second counts as gone, and is forgotten after an hour.
SAID_EVERY, GONE_AFTER, FORGOTTEN_AFTER = 10.0, 60.0, 3600.0
KEY = "hub:alive"
REDIS_SECONDS = 1.0
# By Redis' clock, which all machines share.
_SAY = "return redis.call('HSET', KEYS[1], ARGV[1], redis.call('TIME')[1])"
_said_at: dict[Kind, float] = {}


def say_alive(kind: Kind, redis_url: str) -> None:
    """Say it, where the last word is older than `SAID_EVERY`. Nobody dies of not being heard."""
    now = time.monotonic()
    if now - _said_at.get(kind, -SAID_EVERY) < SAID_EVERY:
        return
    _said_at[kind] = now
    try:
        _client(redis_url).eval(_SAY, 1, KEY, _name(kind))
    except redis.RedisError as error:
        logger.debug("not said to be alive kind=%s error=%s", kind, type(error).__name__)


def say_gone(kind: Kind, redis_url: str) -> None:
    """It ends as it should, and nobody is to miss it."""
    try:
        _client(redis_url).hdel(KEY, _name(kind))
    except redis.RedisError as error:
        logger.debug("not said to be gone kind=%s error=%s", kind, type(error).__name__)


def count_alive(entries: Mapping[bytes, bytes], *, now: int) -> dict[Kind, int]:
    """How many processes of each kind live, of what Redis keeps under `KEY`; `now` is its TIME."""
    # One that spoke in the future did so before the clock was put back.
    alive = [
        name.decode().split(" ")[0]
        for name, said_at in entries.items()
        if abs(now - int(said_at)) <= GONE_AFTER
    ]
    return {kind: alive.count(kind) for kind in Kind}


def long_gone(entries: Mapping[bytes, bytes], *, now: int) -> list[bytes]:
    """Names under `KEY` that nobody has to keep."""
    oldest = now - FORGOTTEN_AFTER
    return [name for name, said_at in entries.items() if int(said_at) < oldest]


def _name(kind: Kind) -> str:
    return f"{kind} {socket.gethostname()} {os.getpid()}"


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=Retry(NoBackoff(), 0)
    )
