"""How fast the bot may write: one clock in Redis for all workers and machines.

Telegram's limits (Bot API FAQ, "My bot is hitting limits"): about 30 messages a second overall, one a second
in a chat, 20 a minute in a group. A chat's turn is reserved before a reply is claimed; the common beat
(sandbox/beat.py) is waited for after that, right before the request. When the send is over the chat's second
begins anew, so that two messages are never closer than that where they arrive.

What Redis forgot (flushed, restarted) is read back from the replies themselves; while it is away one reply
in `SLOW_LANE` goes out, which keeps every limit by itself.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import redis
from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from sandbox.beat import CLOCK_STEP_MS, COUNTING, PREFIX, Beat
from sandbox.models import PendingResponse, SendingState

logger = logging.getLogger(__name__)

# Milliseconds.
CHAT_PAUSE_MS = 1000
GROUP_MESSAGES = 20
GROUP_WINDOW_MS = 60_000
SLOW_LANE = timedelta(seconds=GROUP_WINDOW_MS / 1000 / GROUP_MESSAGES)
_REDIS_TIMEOUT_SECONDS = 2

# Answers {place, wait in ms}: place in the list of chats (from 0) whose turn it is, or -1 and how long until
# the next one's; {-2, 0} where Redis knows nothing of what went before, or its clock was put back: what it
# knows lies ahead then, and chats would wait for as long.
_RESERVE = """
local prefix, pause, many, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('EXISTS', prefix .. 'warm') == 0 then return {-2, 0} end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
if now < tonumber(redis.call('GET', prefix .. 'seen') or 0) - tonumber(ARGV[4]) then return {-2, 0} end
redis.call('SET', prefix .. 'seen', string.format('%.3f', now))
local soonest = nil
for place = 5, #ARGV do
    local chat = ARGV[place]
    local key = prefix .. chat
    local at = tonumber(redis.call('LINDEX', key, 0) or 0) + pause
    if string.sub(chat, 1, 1) == '-' then
        at = math.max(at, tonumber(redis.call('LINDEX', key, many - 1) or 0) + window)
    end
    if at <= now then
        redis.call('LPUSH', key, string.format('%.3f', now))
        redis.call('LTRIM', key, 0, many - 1)
        redis.call('PEXPIRE', key, window * 2)
        return {place - 5, 0}
    end
    if soonest == nil or at < soonest then soonest = at end
end
return {-1, math.ceil((soonest or now) - now)}
"""
# The chat's newest time becomes now, or some time ahead: a pause that Telegram asks for.
_TOUCH = """
local key = KEYS[1] .. ARGV[1]
local clock = redis.call('TIME')
local at = string.format('%.3f', clock[1] * 1000 + clock[2] / 1000 + tonumber(ARGV[2]))
if redis.call('LLEN', key) > 0 then redis.call('LSET', key, 0, at) else redis.call('LPUSH', key, at) end
redis.call('PEXPIRE', key, math.max(tonumber(ARGV[2]), 0) + 120000)
"""
# ARGV: milliseconds since, chat; for each send of the last minute, the oldest first.
_REMEMBER = """
local prefix = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
for place = 2, #ARGV, 2 do
    local key = prefix .. ARGV[place + 1]
    redis.call('LPUSH', key, string.format('%.3f', now - tonumber(ARGV[place])))
    redis.call('LTRIM', key, 0, tonumber(ARGV[1]) - 1)
    redis.call('PEXPIRE', key, 120000)
end
redis.call('SET', prefix .. 'all', string.format('%.3f', now + 1000))
redis.call('SET', prefix .. 'warm', 1)
"""


@dataclass(frozen=True)
class Slot:
    """The place (in the list asked about) of the chat whose turn it is; or how long to wait for one."""

    place: int | None
    wait_seconds: float = 0.0


class Pacer:
    """Gives out the moments at which messages may go out; safe in any number of threads and processes."""

    def __init__(self) -> None:
        self._must_remember = False
        self._beat = Beat(lambda: self._redis)

    def reserve(self, chat_ids: Sequence[int]) -> Slot:
        """Reserve the turn of the first of these chats whose turn has come."""
        try:
            return self._reserve_in_redis(chat_ids)
        except redis.RedisError as error:
            logger.warning("pacing without Redis error=%s", type(error).__name__)
            self._must_remember = True
            return _reserve_slowly(chat_ids)

    def beat(self) -> AbstractContextManager[None]:
        """Begin the block, which makes one request, when the next one may go out (sandbox/beat.py)."""
        return self._beat.next()

    def touch(self, chat_id: int, *, seconds: float = 0) -> None:
        """The send there is over, or Telegram wants nothing there for so long."""
        milliseconds = seconds * 1000 - CHAT_PAUSE_MS if seconds else 0
        try:
            self._touch(keys=[PREFIX], args=[chat_id, max(milliseconds, 0)])
        except redis.RedisError as error:
            logger.warning("pacing without Redis error=%s", type(error).__name__)
            self._must_remember = True

    def _reserve_in_redis(self, chat_ids: Sequence[int]) -> Slot:
        if self._must_remember:
            self._remember()
        arguments = [CHAT_PAUSE_MS, GROUP_MESSAGES, GROUP_WINDOW_MS, CLOCK_STEP_MS, *chat_ids]
        place, wait = self._reserve(keys=[PREFIX], args=arguments)
        if place == -2:
            self._remember()
            return Slot(None, 0.05)
        return Slot(place) if place >= 0 else Slot(None, wait / 1000)

    def _remember(self) -> None:
        """Tell Redis what went out lately, from the replies; it counts from there."""
        for key in self._redis.scan_iter(f"{PREFIX}*", count=1000):
            if key not in COUNTING:
                self._redis.delete(key)
        # By a clock that was put back, some will go out only later: they went out just now.
        sends = [
            part for chat_id, ago in _recent_sends() for part in (max(ago.total_seconds(), 0) * 1000, chat_id)
        ]
        self._remember_script(keys=[PREFIX], args=[GROUP_MESSAGES, *sends])
        self._must_remember = False

    @cached_property
    def _redis(self) -> "redis.Redis":
        return redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        )

    @cached_property
    def _reserve(self) -> "redis.commands.core.Script":
        return self._redis.register_script(_RESERVE)

    @cached_property
    def _touch(self) -> "redis.commands.core.Script":
        return self._redis.register_script(_TOUCH)

    @cached_property
    def _remember_script(self) -> "redis.commands.core.Script":
        return self._redis.register_script(_REMEMBER)


pacer = Pacer()


def _recent_sends() -> list[tuple[int, timedelta]]:
    """(chat, how long ago) of what went out, or may have, within the last window; oldest first."""
    since = Now() - timedelta(milliseconds=GROUP_WINDOW_MS)
    ago = ExpressionWrapper(Now() - F("claimed_at"), output_field=DurationField())
    rows = PendingResponse.objects.with_target().filter(claimed_at__gte=since).order_by("claimed_at")
    return list(rows.annotate(ago=ago).values_list("target_chat", "ago"))


def _reserve_slowly(chat_ids: Sequence[int]) -> Slot:
    """Without Redis: one message at a time for everybody together, by one conditional UPDATE."""
    recent = [chat_id for chat_id, _ago in _recent_sends()]
    SendingState.get_solo()
    for place, chat_id in enumerate(chat_ids):
        if recent.count(chat_id) >= GROUP_MESSAGES:
            continue
        is_free = Q(slow_lane_at__isnull=True) | Q(slow_lane_at__lte=Now() - SLOW_LANE)
        is_free |= Q(slow_lane_at__gt=Now())  # the clock was put back
        if SendingState.objects.filter(is_free, pk=1).update(slow_lane_at=Now()):
            return Slot(place)
        break
    return Slot(None, SLOW_LANE.total_seconds())
