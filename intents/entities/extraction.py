"""What a message is about, by rules: goods with how much of them, and times. Precision goes before recall.

A number is a quantity only where something says so: a unit, goods beside it, a list. Telephones, documents,
houses, floors and sums of money are none.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from intents.entities.facts import FactReader
from intents.entities.goods import Assembly, Order
from intents.entities.reading import Token, read
from intents.entities.schema import Date, Entity, Item, valid_entities
from intents.entities.times import Moment, find_moments

# Raised with every change of what the rules find: `reclassify` then knows what older rules said.
RULES_VERSION = 1


def extract(text: str, said_at: datetime) -> list[Entity]:
    """The goods and times of a message, in the order of its text, as intents/entities/schema.py keeps them.

    "Tomorrow" is counted from `said_at`, in the hub's TIME_ZONE. Takes tens of microseconds, no query.
    """
    tokens = read(text)
    reader = FactReader(tokens)
    moments = find_moments(tokens, said_at.astimezone(ZoneInfo(settings.TIME_ZONE)), is_counted=reader.is_counted)
    orders = Assembly([token.word for token in tokens]).put_together(reader.facts())
    found = [(order.first, _item(order, tokens, text)) for order in orders]
    found += [(moment.first, _date(moment, tokens, text)) for moment in moments]
    return valid_entities([entity for _place, entity in sorted(found, key=lambda pair: pair[0])])


def _item(order: Order, tokens: list[Token], text: str) -> Entity:
    item: Item = {"kind": "item", "text": _said(tokens, text, order.first, order.last)}
    item["product"], item["variety"] = order.goods
    if order.length is not None:
        item["length_cm"] = int(order.length.value)
    if order.quantity is not None:
        item["quantity"], item["unit"] = order.quantity.value, str(order.quantity.unit)
    if order.price is not None:
        item["price"] = order.price.value
    return item


def _date(moment: Moment, tokens: list[Token], text: str) -> Entity:
    said: Date = {"kind": "date", "text": _said(tokens, text, moment.first, moment.last)}
    if moment.day is not None:
        said["date"] = moment.day.isoformat()
    if moment.hour is not None:
        said["time"] = f"{moment.hour:%H:%M}"
    return said


def _said(tokens: list[Token], text: str, first: int, last: int) -> str:
    return " ".join(text[tokens[first].start : tokens[last].end].split())
