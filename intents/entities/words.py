"""Entities as people read them: «роза Explorer 60 см, 5 пачек, 120 ₽», «24 ноября, 10:00»."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from intents.entities.schema import Unit


def entity_in_words(entity: Mapping[str, Any]) -> str:
    """One entity on one line; empty for what is none."""
    if entity.get("kind") == "date":
        return _date_in_words(entity)
    name = " ".join(filter(None, [entity.get("product"), entity.get("variety"), _length(entity)]))
    return ", ".join(filter(None, [name, _quantity(entity), _price(entity)]))


def _date_in_words(entity: Mapping[str, Any]) -> str:
    day = ""
    if "date" in entity:
        day = str(formats.date_format(date.fromisoformat(entity["date"]), "j E"))
    return ", ".join(filter(None, [day, entity.get("time")]))


def _length(entity: Mapping[str, Any]) -> str:
    return _("%(length)d cm") % {"length": entity["length_cm"]} if "length_cm" in entity else ""


def _quantity(entity: Mapping[str, Any]) -> str:
    if "quantity" not in entity:
        return ""
    number = _number(entity["quantity"])
    return f"{number} {Unit(entity['unit']).label}" if "unit" in entity else f"× {number}"


def _price(entity: Mapping[str, Any]) -> str:
    return f"{_number(entity['price'])} ₽" if "price" in entity else ""


def _number(value: float) -> str:
    return f"{value:g}" if value < 1_000_000 else f"{value:.0f}"
