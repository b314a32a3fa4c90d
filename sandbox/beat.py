"""The common beat of all messages, and no more than 30 of them in any second, in Redis.

The beat spreads messages out, and cannot promise anything: a thread wakes late, a database or a network holds
many up and lets them go together. So each also counts from before its request until a second after its
answer, and no more than `MOST_A_SECOND` count at once: it arrives in between, so in no second do more arrive.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

# "About 30 messages a second" (Bot API FAQ), in whatever second it is counted, and wherever.
MOST_A_SECOND = 30
SECOND_MS = 1000
# Milliseconds. An even beat of 28 leaves room for the time that requests take.
BEAT_MS = 1000 / 28
# Beats that are taken ahead: three hundred senders at once.
MOST_BEATS_MS = 10_000
# Beyond its deadline a request is on its way for as long as an event loop may be late.
LATE_MS = 5000
# NTP slews what is smaller; by more than this a clock is put back at once.
CLOCK_STEP_MS = 2000
PREFIX = "hub:pace:"
# What counts now stays true, whatever else is told anew.
COUNTING = frozenset({b"hub:pace:counting", b"hub:pace:counted"})

# Takes the next free beat; answers how many milliseconds it is away. One that is further away than all
# senders could ask for was written before Redis's clock was put back (another machine, a step of NTP). Where
# Redis knows nothing of what went before, a second's messages may have gone out just now.
_TAKE = """
local key = KEYS[1] .. 'all'
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local free = math.max(tonumber(redis.call('GET', key) or 0), now)
if free - now > tonumber(ARGV[2]) then free = now end
if redis.call('EXISTS', KEYS[1] .. 'warm') == 0 then free = math.max(free, now + tonumber(ARGV[3])) end
redis.call('SET', key, string.format('%.3f', free + tonumber(ARGV[1])), 'PX', 60000)
return math.ceil(free - now)
"""
# ARGV: a request's own name; how many may count at once; for how long one counts whose end nobody tells; a
# second; a step of the clock. Answers 0 where it may begin, else the milliseconds after which to ask again:
# what is on its way counts for a second at least. After a step back of the clock all counts for one more.
_BEGIN = """
local prefix, most, lease, second = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local key = prefix .. 'counting'
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
if now < tonumber(redis.call('GET', prefix .. 'counted') or 0) - tonumber(ARGV[5]) then
    for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZADD', key, now + second, name) end
end
redis.call('SET', prefix .. 'counted', string.format('%.3f', now), 'PX', lease * 2)
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
if redis.call('ZCARD', key) >= most then
    local soonest = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
    return math.max(math.ceil(math.min(soonest - now, second)), 1)
end
redis.call('ZADD', key, now + lease, ARGV[1])
redis.call('PEXPIRE', key, lease * 2)
return 0
"""
# Its answer is there: it counts for a second more.
_END = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
redis.call('ZADD', KEYS[1] .. 'counting', 'XX', now + tonumber(ARGV[2]), ARGV[1])
"""


class Beat:
    """Says when the next request may begin; safe in any number of threads and processes."""

    def __init__(self, client: Callable[[], "redis.Redis"]) -> None:
        self._client = client
        self._alone = threading.Lock()

    @contextmanager
    def next(self) -> Iterator[None]:
        """Begin the block, which makes one request, at the next free beat of all chats together.

        It may be long until then on a busy machine, and claims grow old: they are looked at within the block.
        """
        request = uuid.uuid4().hex
        try:
            time.sleep(self.take())
            while wait := self.begin(request):
                time.sleep(wait)
        except redis.RedisError as error:
            logger.warning("pacing without Redis error=%s", type(error).__name__)
            self._wait_alone()
        try:
            yield
        finally:
            self.end(request)

    def take(self) -> float:
        """Take the next free beat; the seconds until then. Raises RedisError."""
        return int(self._take(keys=[PREFIX], args=[BEAT_MS, MOST_BEATS_MS, SECOND_MS])) / 1000

    def begin(self, request: str) -> float:
        """0 where this request may begin, and counts from now on; else seconds to wait. Raises RedisError."""
        lease = settings.SEND_DEADLINE_SECONDS * 1000 + LATE_MS
        arguments: list[str | int] = [request, MOST_A_SECOND, lease, SECOND_MS, CLOCK_STEP_MS]
        return int(self._begin(keys=[PREFIX], args=arguments)) / 1000

    def end(self, request: str) -> None:
        """It is over, and counts for a second more."""
        try:
            self._end(keys=[PREFIX], args=[request, SECOND_MS])
        except redis.RedisError as error:
            logger.warning("pacing without Redis error=%s", type(error).__name__)

    def _wait_alone(self) -> None:
        """Those whose turn had come when Redis went away: in each process one a second, from a second on.

        (The turns that are given out without Redis are slower by themselves.)
        """
        with self._alone:
            time.sleep(SECOND_MS / 1000)

    @cached_property
    def _take(self) -> "redis.commands.core.Script":
        return self._client().register_script(_TAKE)

    @cached_property
    def _begin(self) -> "redis.commands.core.Script":
        return self._client().register_script(_BEGIN)

    @cached_property
    def _end(self) -> "redis.commands.core.Script":
        return self._client().register_script(_END)
