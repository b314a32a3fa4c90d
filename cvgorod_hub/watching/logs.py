"""One JSON object a line, for programs that collect logs.

    {"time": "2026-11-23T09:00:00.123Z", "level": "warning", "logger": "bots.collector",
     "event": "collector waits", "request_id": …, "task_id": …, "task": …, "seconds": 4, "error": "…",
     "exception": {"type": "…", "words": "…", "stack": "…"}}

The hub logs by the standard library, "event name=%s": an event with the names of its values. These
become fields. What else a record carries (`extra`) is left out: Celery puts the arguments of a task there.
"""

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from cvgorod_hub.common.redaction import redact
from cvgorod_hub.watching.context import about
from cvgorod_hub.watching.errors import describe, stack_of, without_words, words_of

# A value as logging fills it in, with its name where it has one. %% is no value.
_VALUE = re.compile(r"(?: ?\b(?P<name>[a-z_]+)=)?(?P<value>%(?:%|[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]))")
_SECRET = re.compile(r"(?i).*(secret|password|token|authorization|api_?key|cookie|dsn)")
_ROOMS = frozenset({"bots", "sandbox", "intents", "messaging", "clients", "cvgorod_hub"})
_BIGGEST, SHORT = 2**63, 64
# One for all lines: `json.dumps` would make an encoder for each.
_as_json = json.JSONEncoder(ensure_ascii=False).encode
_OURS = frozenset({"time", "level", "logger", "event", "exception", "request_id", "task_id", "task"})


class Name:
    """A name that people gave: stays on its line whatever it is made of, null where there is none."""

    def __init__(self, name: str | None) -> None:
        self.name = name or None

    def __str__(self) -> str:
        return _as_json(self.name)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event, fields = read_event(record)
        error = record.exc_info[1] if record.exc_info else None
        document: dict[str, Any] = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _text(without_words(event, error) if error else event),
            **about.get(),
        }
        for name, value in fields:
            document[f"{name}_" if name in _OURS else name] = _told(name, value)
        if error is not None:
            document["exception"] = _exception(error)
        return orjson.dumps(document).decode()


def told_event(record: logging.LogRecord) -> str:
    """The event with its values, where the hub's own code names them; of others what their code says."""
    if record.name.partition(".")[0] not in _ROOMS:
        return str(record.msg) if record.args else record.name
    event, fields = read_event(record)
    return " ".join([event, *(f"{name}={_told(name, value)}" for name, value in fields)])


def read_event(record: logging.LogRecord) -> tuple[str, list[tuple[str, Any]]]:
    """What happened, and its named values; the whole message where the template has another shape."""
    template, names = _parts(record.msg) if isinstance(record.msg, str) else ("", ())
    values = record.args
    if not values or not isinstance(values, tuple) or len(values) != len(names):
        return record.getMessage(), []
    named = [(name, value) for name, value in zip(names, values, strict=True) if name]
    rest = tuple(value for name, value in zip(names, values, strict=True) if not name)
    return template % rest, named


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[str, tuple[str, ...]]:
    """The template without its named values, and the names of all values ("" where there is none)."""
    names = tuple(match["name"] or "" for match in _values(template))
    rest = _VALUE.sub(lambda match: "" if match["name"] and match["value"] != "%%" else match[0], template)
    return rest.strip(), names


def _values(template: str) -> Iterator[re.Match[str]]:
    return (match for match in _VALUE.finditer(template) if match["value"] != "%%")


def _told(name: str, value: object) -> object:
    if isinstance(value, Name):
        value = value.name
    if isinstance(value, bool | float | None) or (isinstance(value, int) and abs(value) < _BIGGEST):
        return value
    if _is_secret(name):
        return "[secret]"
    return _text(describe(value) if isinstance(value, BaseException) else str(value))


def _text(text: str) -> str:
    return _short_text(text) if len(text) <= SHORT else _long_text(text)


def _long_text(text: str) -> str:
    """Without secrets, and as UTF-8 can say it: half of a character stands in some texts."""
    return redact(text).encode("utf-8", "replace").decode()


# Names of events, views and methods come with each request, and are not looked through each time.
_short_text = lru_cache(maxsize=4096)(_long_text)


@lru_cache(maxsize=256)
def _is_secret(name: str) -> bool:
    return _SECRET.fullmatch(name) is not None


def _exception(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__name__, "words": _text(words_of(error)), "stack": _text(stack_of(error))}


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
