"""What `MessageAnalysis.entities` holds: a list of goods and of times, in the order of the text.

    {"kind": "item", "text": "роз эксплорер 60 см 5 пачек по 120", "product": "роза", "variety": "Explorer",
     "length_cm": 60, "quantity": 5, "unit": "pack", "price": 120}
    {"kind": "date", "text": "завтра к десяти", "date": "2026-11-24", "time": "10:00"}

What was not said is not there; an item names a product or a variety, a date has a date or a time. Quantities
are of `unit`, lengths are of stems, in centimetres, prices in roubles for one unit.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any, Literal, TypedDict, cast

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

MOST_ENTITIES = 60
LONGEST_NAME = 100
LONGEST_TEXT = 300


class Unit(TextChoices):
    PIECE = "piece", _("pcs")
    BUNCH = "bunch", _("bunches")
    PACK = "pack", _("packs")
    BOX = "box", _("boxes")
    BUCKET = "bucket", _("buckets")
    POT = "pot", _("pots")
    ROLL = "roll", _("rolls")
    METRE = "metre", _("m")
    KILOGRAM = "kilogram", _("kg")


class Item(TypedDict, total=False):
    kind: Literal["item"]
    text: str
    product: str
    variety: str
    length_cm: int
    quantity: float
    unit: str
    price: float


class Date(TypedDict, total=False):
    kind: Literal["date"]
    text: str
    date: str
    time: str


Entity = Item | Date

_UNITS = frozenset(Unit.values)
_NAMES = {"text": LONGEST_TEXT, "product": LONGEST_NAME, "variety": LONGEST_NAME}
# The largest that is believed; what is more is a telephone number or a slip.
_NUMBERS = {"length_cm": 400, "quantity": 1_000_000, "price": 10_000_000}


def valid_entities(rows: object) -> list[Entity]:
    """Those of the rows that are as agreed, and nothing else of them; none where these are no rows."""
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return []
    read = (_read(row) for row in rows[:MOST_ENTITIES] if isinstance(row, Mapping))
    return [entity for entity in read if entity is not None]


def _read(row: Mapping[str, Any]) -> Entity | None:
    if row.get("kind") == "item":
        return _item(row)
    if row.get("kind") == "date":
        return _date(row)
    return None


def _item(row: Mapping[str, Any]) -> Item | None:
    item: dict[str, Any] = {"kind": "item", **_named(row, _NAMES), **_counted(row)}
    if isinstance(unit := row.get("unit"), str) and unit in _UNITS:
        item["unit"] = unit
    if "product" not in item and "variety" not in item:
        return None
    return cast("Item", item)


def _date(row: Mapping[str, Any]) -> Date | None:
    said: dict[str, Any] = {"kind": "date", **_named(row, {"text": LONGEST_TEXT})}
    with contextlib.suppress(ValueError):
        said["date"] = date.fromisoformat(str(row.get("date"))).isoformat()
    with contextlib.suppress(ValueError):
        said["time"] = f"{time.fromisoformat(str(row.get('time'))):%H:%M}"
    return cast("Date", said) if "date" in said or "time" in said else None


def _named(row: Mapping[str, Any], names: Mapping[str, int]) -> dict[str, str]:
    found = {name: row[name].strip() for name in names if isinstance(row.get(name), str)}
    return {name: text[: names[name]] for name, text in found.items() if text}


def _counted(row: Mapping[str, Any]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name in _NUMBERS:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        number = believed(name, value)
        if number is not None and (number := int(number) if name == "length_cm" else number):
            numbers[name] = number
    return numbers


def believed(name: str, value: float) -> float | None:
    """A length, quantity or price that may be meant so, whole where it is; None for what is too much."""
    if not 0 < value <= _NUMBERS[name]:
        return None
    return int(value) if value == int(value) else value
