"""Labelled messages for the rules that read entities, and how the rules are measured on them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from intents.entities.extraction import extract

SAID_AT = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))
DATA = Path(__file__).parent / "data" / "entities.txt"
_NAMES = {
    "p": "product", "v": "variety", "l": "length_cm", "q": "quantity", "u": "unit", "c": "price",
    "d": "date", "t": "time",
}  # fmt: skip
_NUMBERS = frozenset("lqc")
FIELDS = tuple(_NAMES.values())


@dataclass(frozen=True, slots=True)
class Labelled:
    text: str
    entities: list[dict[str, Any]]


class Score(NamedTuple):
    precision: float
    recall: float
    support: int


def read_labelled(path: Path = DATA) -> list[Labelled]:
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    return [_labelled(block) for block in blocks if not block.startswith("#")]


def _labelled(block: str) -> Labelled:
    lines = block.split("\n")
    labels = [line for line in lines if line.startswith(("= ", "@ "))]
    text = "\n".join(line for line in lines if line not in labels)
    return Labelled(text, [_entity(line) for line in labels])


def _entity(line: str) -> dict[str, Any]:
    pairs = (part.strip().partition(" ") for part in line[2:].split(";"))
    fields = {_NAMES[key]: float(value) if key in _NUMBERS else value for key, _, value in pairs}
    return {"kind": "item" if line[0] == "=" else "date", **fields}


def measure(messages: Iterable[Labelled]) -> dict[str, Score]:
    """Per field: a value counts as found where the entity that names the same goods (or is the same
    kind of time) has it, each entity once."""
    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for message in messages:
        expected, read = message.entities, [dict(each) for each in extract(message.text, SAID_AT)]
        for name in FIELDS:
            wanted, got = Counter(_values(expected, name)), Counter(_values(read, name))
            right[name] += (wanted & got).total()
            said[name] += wanted.total()
            found[name] += got.total()
    return {
        name: Score(right[name] / (found[name] or 1), right[name] / said[name], said[name]) for name in FIELDS
    }


def _values(entities: list[dict[str, Any]], name: str) -> Iterator[tuple[Any, ...]]:
    """A quantity is right only at its goods."""
    for entity in entities:
        if name in entity:
            yield entity.get("product"), entity.get("variety"), entity[name]
