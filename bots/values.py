"""Values of Telegram's JSON, read with care: nothing in an update has to be what it should be."""

import json
import math
from collections.abc import Sequence
from typing import Any

from cvgorod_hub.common.texts import storable

JSON = dict[str, Any]

BIGINT = 2**63
# Chats' and people's ids "have at most 52 significant bits" (Bot API, Chat and User).
LARGEST_ID = 2**52
# What is kept of something that the hub does not know, in characters of JSON; what is larger stays in the
# raw update only.
LONGEST_UNKNOWN = 8_000
DEEPEST_UNKNOWN = 12
REPLACED = "characters that cannot be stored were replaced"
LEFT_OUT = "a part that is too large, or not JSON, stays in the raw update only"


def clean(value: object, notes: list[str]) -> str:
    """A text that PostgreSQL can hold: NUL and halves of characters become U+FFFD, and a note says so."""
    if not isinstance(value, str):
        return ""
    cleaned = storable(value)
    if cleaned != value:
        notes.append(REPLACED)
    return cleaned


def read_object(value: object, name: str) -> JSON:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not an object")
    return value


def read_int(value: object, name: str) -> int:
    """A whole number that fits the database's bigint."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is not a whole number")
    if not -BIGINT <= value < BIGINT:
        raise ValueError(f"{name} is out of range")
    return value


def read_id(value: object, name: str) -> int:
    """The id of a chat or a person."""
    number = read_int(value, name)
    if not -LARGEST_ID < number < LARGEST_ID:
        raise ValueError(f"{name} is out of range")
    return number


def objects(value: object) -> list[JSON]:
    """The objects of a list; whatever else it is or holds is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def scalar(value: object, notes: list[str]) -> str | int | float | bool | None:
    """A single value as jsonb can hold it; None for everything else, and for what says nothing."""
    if isinstance(value, str):
        return clean(value, notes) or None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -BIGINT <= value < BIGINT else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def scalars(value: object, names: tuple[str, ...], notes: list[str]) -> JSON:
    """Those fields of an object that are single values."""
    if not isinstance(value, dict):
        return {}
    found = {name: scalar(value[name], notes) for name in names if name in value}
    return {name: single for name, single in found.items() if single is not None}


def full_name(raw: object, notes: list[str]) -> str:
    """What people call a person or a chat: its title, else both names, else @username."""
    if not isinstance(raw, dict):
        return ""
    parts = (raw.get("title") or raw.get("first_name"), raw.get("last_name"))
    name = " ".join(filter(None, (clean(part, notes) for part in parts)))
    username = clean(raw.get("username"), notes)
    return (name or (f"@{username}" if username else ""))[:256]


def describe_sender_name(raw: object, notes: list[str]) -> str:
    """Who wrote a forwarded message, as far as Telegram tells (`forward_origin`, MessageOrigin)."""
    if not isinstance(raw, dict):
        return ""
    source = next((raw[name] for name in ("sender_user", "sender_chat", "chat") if name in raw), None)
    return full_name(source, notes) or clean(raw.get("sender_user_name"), notes)[:256]


def plain(value: object, notes: list[str]) -> object:
    """Any JSON as jsonb can hold it, where it is not too large; else None, and a note says so."""
    try:
        cleaned = _plain(value, notes, DEEPEST_UNKNOWN)
        if len(json.dumps(cleaned, ensure_ascii=False, allow_nan=False)) <= LONGEST_UNKNOWN:
            return cleaned
    except ValueError:
        pass
    notes.append(LEFT_OUT)
    return None


def encode_deep(value: object) -> str:
    """JSON of a value that is nested deeper than Python's own encoder goes; escaped throughout."""
    written: list[str] = []
    pending: list[tuple[bool, object]] = [(True, value)]
    while pending:
        is_value, part = pending.pop()
        if not is_value:
            written.append(str(part))
        elif isinstance(part, dict):
            inner = [((False, f"{json.dumps(name)}:"), (True, item)) for name, item in part.items()]
            pending += _between("{", inner, "}")
        elif isinstance(part, list):
            pending += _between("[", [((True, item),) for item in part], "]")
        else:
            written.append(json.dumps(part))
    return "".join(written)


_Part = tuple[bool, object]


def _between(opening: str, items: Sequence[tuple[_Part, ...]], closing: str) -> list[_Part]:
    """The parts of an object or a list, last first, as a stack wants them."""
    parts: list[_Part] = [(False, opening)]
    for number, item in enumerate(items):
        parts += [(False, ","), *item] if number else item
    return [*parts, (False, closing)][::-1]


def _plain(value: object, notes: list[str], depth: int) -> object:
    if isinstance(value, str):
        return clean(value, notes)
    if isinstance(value, dict | list) and not depth:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {clean(name, notes): _plain(inner, notes, depth - 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, notes, depth - 1) for inner in value]
    return value
