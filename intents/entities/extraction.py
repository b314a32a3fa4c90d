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
from intents.entities.schema import LONGEST_TEXT, MOST_ENTITIES, Date, Entity, Item, believed
from intents.entities.times import Moment, find_moments

# Raised with every change of what the rules find: `reclassify` then knows what older rules said.
RULES_VERSION = 1


def extract(text: str, said_at: datetime) -> list[Entity]:
    """The goods and times of a message, in the order of its text, as intents/entities/schema.py keeps them.

    "Tomorrow" is counted from `said_at`, in the hub's TIME_ZONE. No query; a fifth of what patterns take.
    """
    tokens = read(text)
    reader = FactReader(tokens)
    moments = find_moments(tokens, lambda: said_at.astimezone(_zone()), is_counted=reader.is_counted)
    facts = reader.facts()
    if not facts and not moments:
        return []
    orders = Assembly(reader.words).put_together(facts)
    found = [(order.first, _item(order, tokens, text)) for order in orders]
    found += [(moment.first, _date(moment, tokens, text)) for moment in moments]
    found.sort(key=_place)
    return [entity for _first, entity in found[:MOST_ENTITIES]]


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _place(found: tuple[int, Entity]) -> int:
    return found[0]


def _item(order: Order, tokens: list[Token], text: str) -> Entity:
    product, variety = order.goods
    item: Item = {"kind": "item", "text": _said(tokens, text, order.first, order.last), "product": product}
    if variety:
        item["variety"] = variety
    if order.length is not None and (length := believed("length_cm", order.length.value)):
        item["length_cm"] = int(length)
    if order.quantity is not None and (quantity := believed("quantity", order.quantity.value)):
        item["quantity"] = quantity
        if order.quantity.unit:
            item["unit"] = str(order.quantity.unit)
    if order.price is not None and (price := believed("price", order.price.value)):
        item["price"] = price
    return item


def _date(moment: Moment, tokens: list[Token], text: str) -> Entity:
    said: Date = {"kind": "date", "text": _said(tokens, text, moment.first, moment.last)}
    if moment.day is not None:
        said["date"] = moment.day.isoformat()
    if moment.hour is not None:
        said["time"] = f"{moment.hour:%H:%M}"
    return said


def _said(tokens: list[Token], text: str, first: int, last: int) -> str:
    return " ".join(text[tokens[first].start : tokens[last].end].split())[:LONGEST_TEXT]
