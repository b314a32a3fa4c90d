"""Secrets out of texts before anything logs, stores or shows them.

aiohttp and requests put the whole URL into their exceptions, and Telegram's URLs hold the bot's token. What
this hub was given is known by its value, wherever and however it stands; what it was not (a token of an
earlier bot, a key that somebody mistyped) by its shape.
"""

import logging
import re
import sys
import threading
import traceback
from functools import cache
from types import TracebackType
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.core.signals import setting_changed


class _Shape(NamedTuple):
    """What a secret looks like. `marks`: without one of these (in small letters) there is none in a text.

    Every line of the log is looked through, and hardly any holds a mark.
    """

    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


_SHAPES = (
    # A bot's token, alone or in a path: 123456:AA…
    _Shape((":",), re.compile(r"(?:bot)?\b\d{3,}:[A-Za-z0-9_-]{20,}"), "[token]"),
    _Shape(("bot",), re.compile(r"\bbot\d+:[^\s/'\"]+"), "[token]"),
    # The password of a database or broker URL.
    _Shape(("://",), re.compile(r"(://[^\s:/@]*):[^\s@/]+@"), r"\1:[password]@"),
    # A key behind the name of its header.
    _Shape(
        ("authorization", "api-key", "bearer", "secret"),
        re.compile(
            r"(?i)\b(authorization|x-api-key|api-key|bearer|[\w-]*secret[_-]token)\b(['\"]?\s*[:= ]\s*['\"]?)"
            r"(?:api-key |bearer )?[^\s'\",]+"
        ),
        r"\1\2[key]",
    ),
    # Keys of this hub and of DeepSeek, and what signs webhooks.
    _Shape(("cvh_", "sk-"), re.compile(r"\b(?:cvh_|sk-)[A-Za-z0-9_-]{8,}"), "[key]"),
    _Shape(("whsec_",), re.compile(r"\bwhsec_[A-Za-z0-9+/]{8,}=*"), "[key]"),
    # A service account's key of Yandex Cloud, and the short-lived token that may stand in its place.
    _Shape(("aqvn",), re.compile(r"\bAQVN[A-Za-z0-9_-]{20,}"), "[key]"),
    _Shape(("t1.",), re.compile(r"\bt1\.[A-Za-z0-9_-]{6,}={0,2}\.[A-Za-z0-9_-]{20,}={0,2}"), "[token]"),
    # Part of the address that sets up an authenticator app.
    _Shape(("otpauth://",), re.compile(r"(?i)\b(otpauth://\S*?secret=)[a-z2-7]+"), r"\1[key]"),
)
# Settings that are secrets, and settings that are addresses with a password in them.
SECRET_SETTINGS = (
    "SECRET_KEY",
    "HUB_API_KEY",
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_WEBHOOK_SECRET",
    "DEEPSEEK_API_KEY",
    "YANDEX_CLOUD_API_KEY",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "EMAIL_HOST_PASSWORD",
)
ADDRESS_SETTINGS = (
    *("DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_REPLICA_URL", "OLD_DATABASE_URL"),
    *("REDIS_URL", "CELERY_BROKER_URL"),
)
# A shorter one (a password "hub", a key "x" of somebody's tests) would be found within ordinary words.
_SHORTEST = 8


def redact(text: str) -> str:
    """The text with tokens, keys and passwords replaced by a word that says what stood there."""
    for secret in _given_secrets():
        if secret in text:
            text = text.replace(secret, "[secret]")
    small = text.casefold()
    for marks, pattern, replacement in _SHAPES:
        if any(mark in small for mark in marks):
            text = pattern.sub(replacement, text)
    return text


def _given_secrets() -> tuple[str, ...]:
    """What the settings hold, as it stands there and as an address would have it; the longest first."""
    return _in_settings() if settings.configured else ()  # while they are being read


@cache
def _in_settings() -> tuple[str, ...]:
    """Worked out once: every line of the log asks."""
    secrets, addresses = (
        [str(getattr(settings, name, "") or "") for name in names]
        for names in (SECRET_SETTINGS, ADDRESS_SETTINGS)
    )
    found = {*secrets, *map(_password_of, addresses)}
    long_enough = {secret for secret in found if len(secret) >= _SHORTEST}
    long_enough |= {quote(secret, safe="") for secret in long_enough}
    return tuple(sorted(long_enough, key=len, reverse=True))


def _forget(**_change: object) -> None:
    _in_settings.cache_clear()


# Settings change in tests alone.
setting_changed.connect(_forget)


def _password_of(address: str) -> str:
    try:
        return unquote(urlsplit(address).password or "")
    except ValueError:  # no address; whoever uses it will say so
        return ""


class RedactingFormatter(logging.Formatter):
    """Formats a record, stack included, and redacts the result."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def redact_uncaught() -> None:
    """What ends a process or a thread without having been caught is printed redacted, too."""
    sys.excepthook = _say

    def say_of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            _say(args.exc_type, args.exc_value, args.exc_traceback)

    threading.excepthook = say_of_thread


def _say(kind: type[BaseException], error: BaseException | None, stack: TracebackType | None) -> None:
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, stack))))
