"""So many calls in any sixty seconds, counted once for all processes.

An exact sliding window: Redis keeps the moment of each call of the last minute, by its own clock. A bucket
that refills would be smaller, but lets nearly twice the limit through in the minute after a pause. A call
that is refused is not counted, so whoever waits as long as `Retry-After` says gets in.

While Redis is away nobody is limited: a limit protects the hub from a busy program, and an API that answers
is worth more. Then Redis is asked again every `_PAUSE_SECONDS` only.
"""

import logging
import math
import time
from functools import cached_property

import redis
from django.conf import settings
from django.http import HttpResponseBase
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.exceptions import APIException

from cvgorod_hub.api.models import Allowance, ApiKey

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# From one address (one /64 of IPv6), within the window: then its wrong keys get a 429.
MOST_WRONG_KEYS = 20
_PREFIX = "hub:calls:"
# A call that waits longer than this for its limit is answered without.
_TIMEOUT_SECONDS = 0.25
_PAUSE_SECONDS = 2.0
_LOG_EVERY_SECONDS = 60.0

# ARGV: calls, window in ms. Answers {granted, calls left, ms until the next one is free}. The list has the
# newest first; one that lies ahead was written before Redis's clock was put back.
_TAKE = """
local key, most, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if tonumber(redis.call('LINDEX', key, 0) or 0) > now then redis.call('DEL', key) end
while tonumber(redis.call('LINDEX', key, -1) or now) <= now - window do redis.call('RPOP', key) end
local count = redis.call('LLEN', key)
local granted = 0
if count < most then
    redis.call('LPUSH', key, string.format('%d', now))
    redis.call('PEXPIRE', key, window)
    count, granted = count + 1, 1
end
local first = tonumber(redis.call('LINDEX', key, math.min(count, most) - 1))
return {granted, math.max(most - count, 0), first + window - now}
"""


class TooManyCallsError(APIException):
    """A 429; DRF makes `Retry-After` of `wait` (whole seconds)."""

    status_code = 429
    default_code = "too_many_calls"

    def __init__(self, sentence: str, *, seconds: float) -> None:
        self.wait = max(math.ceil(seconds), 1)
        super().__init__(f"{sentence} Try again in {self.wait} s.")


class CallCounter:
    """Takes calls from named limits; safe in any number of threads and processes."""

    def __init__(self) -> None:
        self._asks_again_at = 0.0
        self._logs_again_at = 0.0

    def take(self, name: str, *, most: int) -> Allowance | None:
        """One call of `most` within the window, if one is left; None while Redis is away."""
        if time.monotonic() < self._asks_again_at:
            return None
        try:
            granted, left, wait = self._take(keys=[_PREFIX + name], args=[most, WINDOW_SECONDS * 1000])
        except redis.RedisError as error:
            self._pause(error)
            return None
        return Allowance(bool(granted), left, wait / 1000)

    def forget(self) -> None:
        """Count from nothing again, everywhere."""
        for key in self._redis.scan_iter(f"{_PREFIX}*", count=1000):
            self._redis.delete(key)

    def _pause(self, error: redis.RedisError) -> None:
        now = time.monotonic()
        self._asks_again_at = now + _PAUSE_SECONDS
        if now >= self._logs_again_at:
            self._logs_again_at = now + _LOG_EVERY_SECONDS
            logger.warning("calls are not limited: no Redis error=%s", type(error).__name__)

    @cached_property
    def _redis(self) -> "redis.Redis":
        return redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            # Once more, for a kept connection that Redis has closed; a slow answer is not waited for twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )

    @cached_property
    def _take(self) -> "redis.commands.core.Script":
        return self._redis.register_script(_TAKE)


counter = CallCounter()


def spend_call(key: ApiKey) -> None:
    """Take one call from the key's limit, if it has one. Raises TooManyCallsError where none is left."""
    if key.calls_per_minute is None:
        return
    key.allowance = counter.take(f"key:{key.pk}", most=key.calls_per_minute)
    if key.allowance is not None and not key.allowance.is_granted:
        raise TooManyCallsError(
            f"This API key may make {key.calls_per_minute} calls a minute.", seconds=key.allowance.seconds
        )


def spend_failure(network: str, sentence: str) -> None:
    """Count a key that does not work against where it came from. Raises TooManyCallsError beyond the limit.

    Only failures are counted, and only they are refused: a right key is let in from the same address, or one
    misconfigured program would lock out its neighbours behind the same proxy.
    """
    allowance = counter.take(f"wrong:{network}", most=MOST_WRONG_KEYS)
    if allowance is not None and not allowance.is_granted:
        raise TooManyCallsError(f"{sentence} Too many wrong keys from there.", seconds=allowance.seconds)


def tell_allowance(response: HttpResponseBase, key: ApiKey) -> None:
    """The headers of draft-ietf-httpapi-ratelimit-headers-10; none for a key without a limit."""
    if key.calls_per_minute is None or key.allowance is None:
        return
    seconds = max(math.ceil(key.allowance.seconds), 1)
    response.headers["RateLimit-Policy"] = f'"key";q={key.calls_per_minute};w={WINDOW_SECONDS}'
    response.headers["RateLimit"] = f'"key";r={key.allowance.remaining};t={seconds}'
