"""Replies to a person, as they are handed over to them."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from cvgorod_hub.common.handing_over import columns_of, rows_of
from sandbox.erasing import replies_to
from sandbox.models import PendingResponse, ResponseEvent

# Who of our team decided is their data, not this person's.
_OURS = frozenset(
    {
        "approved_by",
        "requested_by",
        "requested_by_user_id",
        "requested_by_key_id",
        "actor_name",
        "actor_user_id",
        "actor_key_id",
        "idempotency_key",
        "request_hash",
    }
)


def replies_to_person(
    person_id: int, *, chats: Collection[int], names: Collection[str], now: datetime
) -> Iterator[dict[str, Any]]:
    """Each with what became of it, step by step; without who of our team it was."""
    ids = replies_to(person_id, chats=chats, names=names, until=now, moment=now)
    for page in rows_of(PendingResponse.objects.filter(pk__in=ids), without=_OURS):
        log = ResponseEvent.objects.filter(response__in=[reply["id"] for reply in page]).order_by("pk")
        events = list(log.values(*columns_of(ResponseEvent, without=_OURS)))
        for reply in page:
            yield {**reply, "events": [each for each in events if each["response_id"] == reply["id"]]}
