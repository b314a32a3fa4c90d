"""What Telegram's edge keeps of a person, as it is handed over to them."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from bots.erasing import updates_naming
from bots.models import ApprovalCard, ButtonPress, RawUpdate
from bots.values import JSON
from cvgorod_hub.common.handing_over import PAGE, columns_of, rows_of

# Within a message these are other messages: whoever wrote them is not asked.
_OTHERS = ("reply_to_message", "external_reply", "quote", "pinned_message")


def updates_of_person(person_id: int) -> Iterator[dict[str, Any]]:
    """Updates in which the person is the sender, as Telegram gave them, without what they quote of others."""
    ids = updates_naming(person_id)
    for start in range(0, len(ids), PAGE):
        rows = RawUpdate.objects.filter(pk__in=ids[start : start + PAGE]).order_by("pk")
        for row in rows.values(*columns_of(RawUpdate)):
            if (update := _sent_by(row["payload"], person_id)) is not None:
                yield {**row, "payload": json.dumps(_own(update), ensure_ascii=False, separators=(",", ":"))}


def presses_of_person(person_id: int) -> Iterator[dict[str, Any]]:
    for page in rows_of(ButtonPress.objects.filter(person_id=person_id)):
        yield from page


def cards_of_replies(replies: Collection[int]) -> Iterator[dict[str, Any]]:
    """Cards in the review chat for replies to the person."""
    for page in rows_of(ApprovalCard.objects.filter(response__in=replies)):
        yield from page


def _sent_by(payload: str, person_id: int) -> JSON | None:
    """The update, where the person is its sender."""
    try:
        update = json.loads(payload)
    except RecursionError:  # nested deeper than any that Telegram makes
        return None
    contents = update.values() if isinstance(update, dict) else ()
    senders = [each.get("from") or each.get("user") for each in contents if isinstance(each, dict)]
    is_theirs = any(isinstance(sender, dict) and sender.get("id") == person_id for sender in senders)
    return update if is_theirs else None


def _own(update: JSON) -> JSON:
    return {
        name: {key: inner for key, inner in value.items() if key not in _OTHERS}
        if isinstance(value, dict)
        else value
        for name, value in update.items()
    }
