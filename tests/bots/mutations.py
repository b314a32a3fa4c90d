"""Updates that Telegram would not send: realistic ones, with something replaced, dropped or doubled."""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any, cast

from tests.bots.realistic import CONTENTS, DATE, EVENTS, JSON, deleted, membership, message, update

MESSAGE_KINDS = (
    "message", "edited_message", "channel_post", "edited_channel_post", "business_message",
    "edited_business_message",
)  # fmt: skip


def nested(depth: int) -> object:
    """An object in a list in an object …"""
    value: object = "дно"
    for level in range(depth):
        value = [value] if level % 2 else {"deeper": value}
    return value


JUNK: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, "", "x", "а\x00б", "\ud83d", "\udf37\ud83c", "я" * 5_000,
    [], {}, [[]], [None], {"": None}, {"id": 1}, [{"id": 1}], {"\x00\ud83d": "\x00"}, 2**31, 2**52, 2**63 - 1,
    2**63, -(2**63), -(2**63) - 1, 10**30, 10**400, "1780000000", "100", DATE, -DATE, DATE * 1000, nested(20),
    nested(200),
)  # fmt: skip


def realistic(random: Random, update_id: int) -> JSON:
    """Any kind of update; a few chats and people, numbers that meet now and then."""
    choice = random.random()
    if choice < 0.05:
        return membership(update_id, random.choice(["member", "kicked", "left"]), date=DATE + update_id)
    if choice < 0.1:
        return deleted(update_id, random.randrange(1, 3_000), random.randrange(1, 3_000))
    if choice < 0.15:
        return update(
            update_id, "callback_query", {"id": str(update_id), "from": message()["from"], "data": "x"}
        )
    content, *_ = random.choice(list(CONTENTS.values()))
    if choice < 0.3:
        event = random.choice(list(EVENTS))
        content = {event: EVENTS[event][0]}
    kind = random.choice(MESSAGE_KINDS)
    fields = {"message_id": random.randrange(1, 3_000), "date": DATE + random.randrange(1_000)}
    if kind.startswith("edited"):
        fields["edit_date"] = fields["date"] + random.randrange(1_000)
    if "business" in kind:
        fields["business_connection_id"] = "bc1"
    if random.random() < 0.3:
        fields["reply_to_message"] = message(text="Роза есть?")
    return update(update_id, kind, message(**fields, **content))


def mutated(random: Random, original: JSON) -> object:
    """The update after one to four changes at places anywhere in it."""
    changed: object = copy.deepcopy(original)
    for _ in range(random.randrange(1, 5)):
        changed = _change(random, changed)
    return changed


def _change(random: Random, whole: object) -> object:
    places = list(_places(whole))
    if not places or random.random() < 0.01:
        return copy.deepcopy(random.choice(JUNK))
    holder, key = random.choice(places)
    action = random.randrange(5)
    if action == 0:
        del holder[key]
    elif action == 1 and isinstance(holder, dict):
        holder[str(random.choice(JUNK))] = holder.pop(key)
    elif action == 2:
        holder[key] = [holder[key]] if random.random() < 0.5 else {"inner": holder[key]}
    elif action == 3:
        other, name = random.choice(places)
        holder[key] = copy.deepcopy(other[name])
    else:
        holder[key] = copy.deepcopy(random.choice(JUNK))
    return whole


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    """Every (object or list, key) in it."""
    pending = [value]
    while pending:
        holder = pending.pop()
        if isinstance(holder, dict | list):
            for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
                yield holder, key
                pending.append(cast("Any", holder)[key])
