"""Many replies proposed at once: how far they are, and taking back what is not sent yet."""

import uuid
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from sandbox.actors import Actor
from sandbox.errors import BatchNotFoundError
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.transitions import MOVES, move


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """How many replies of a batch are in which state; states without any are left out."""

    batch_id: uuid.UUID
    total: int
    by_status: dict[str, int]


def batch_progress(*, batch_id: uuid.UUID, actor: Actor) -> BatchProgress:
    """Raises BatchNotFoundError where this agent proposed no such batch."""
    rows = _replies(batch_id, actor).order_by()
    by_status = dict(rows.values_list("status").annotate(Count("pk")))
    if not by_status:
        raise BatchNotFoundError("There is no such batch of yours.")
    return BatchProgress(batch_id=batch_id, total=sum(by_status.values()), by_status=by_status)


def withdraw_batch(*, batch_id: uuid.UUID, actor: Actor) -> BatchProgress:
    """Take back what is not being sent yet, the last first, so that no gap opens in the middle."""
    batch_progress(batch_id=batch_id, actor=actor)
    starts, _end = MOVES[ResponseEvent.Kind.WITHDRAWN]
    open_ones = _replies(batch_id, actor).filter(status__in=starts)
    for response in open_ones.order_by("-send_order"):
        move(response, ResponseEvent.Kind.WITHDRAWN, actor=actor, text_before=response.response_text)
    return batch_progress(batch_id=batch_id, actor=actor)


def _replies(batch_id: uuid.UUID, actor: Actor) -> QuerySet[PendingResponse]:
    """Those that exist for this agent: its own, in the chats that it sees now."""
    replies = PendingResponse.objects.filter(batch_id=batch_id, requested_by=actor.name)
    chat_ids = actor.visible_chat_ids()
    return replies if chat_ids is None else replies.filter(chat__in=chat_ids)
