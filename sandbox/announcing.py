"""What became of a reply, told to the webhooks of whoever proposed it."""

from typing import Any

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.outbox import announce
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.serializers import AnnouncedDraft

Kind = ResponseEvent.Kind
# Moves that an agent waits for; the others are on the way to one of these.
EVENTS = {
    Kind.APPROVED: Event.DRAFT_DECIDED,
    Kind.REJECTED: Event.DRAFT_DECIDED,
    Kind.CANCELLED: Event.DRAFT_DECIDED,
    Kind.WITHDRAWN: Event.DRAFT_DECIDED,
    Kind.EXPIRED: Event.DRAFT_DECIDED,
    Kind.SENT: Event.DRAFT_SENT,
    Kind.MARKED_SENT: Event.DRAFT_SENT,
    Kind.FAILED: Event.DRAFT_FAILED,
    Kind.UNKNOWN: Event.DRAFT_UNKNOWN,
    Kind.RESTORED: Event.DRAFT_UNKNOWN,
}


def announce_move(response: PendingResponse, move: ResponseEvent) -> None:
    """Write down, in the transaction of this move, what those who listen are to be told of it."""
    event = EVENTS.get(Kind(move.kind))
    if event is not None:
        announce(
            event,
            chat_id=response.chat_id,
            key_id=response.requested_by_key_id,
            data=lambda: describe(response.pk, move),
        )


def describe(response_id: int, move: ResponseEvent) -> dict[str, Any]:
    """`data` of the event: the reply as it is now, and the entry of its log."""
    [draft] = AnnouncedDraft.select(PendingResponse.objects.filter(pk=response_id))
    return {
        "draft": draft,
        "outcome": draft["status"],
        "is_edited": draft["response_text"] != draft["original_text"],
        "by": move.actor_name,
        "detail": move.detail,
        "log_id": move.pk,
    }
