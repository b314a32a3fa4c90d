"""The moves between a reply's states: one conditional UPDATE, a row in the log, and what webhooks hear."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cvgorod_hub.common.dates import local_time
from sandbox.actors import Actor
from sandbox.announcing import announce_move
from sandbox.errors import ReviewConflictError
from sandbox.models import PendingResponse, ResponseEvent

Status = PendingResponse.Status
Kind = ResponseEvent.Kind

# What may happen in which state, and where it leads. Everything not listed is refused.
MOVES: dict[Kind, tuple[frozenset[Status], Status]] = {
    Kind.EDITED: (frozenset({Status.PENDING}), Status.PENDING),
    Kind.APPROVED: (frozenset({Status.PENDING}), Status.APPROVED),
    Kind.REJECTED: (frozenset({Status.PENDING}), Status.REJECTED),
    Kind.EXPIRED: (frozenset({Status.PENDING}), Status.EXPIRED),
    Kind.CANCELLED: (frozenset({Status.APPROVED}), Status.CANCELLED),
    # By the agent, who takes its own words back.
    Kind.WITHDRAWN: (frozenset({Status.PENDING, Status.APPROVED}), Status.CANCELLED),
    # To the chat's working hours.
    Kind.SCHEDULED: (frozenset({Status.APPROVED}), Status.APPROVED),
    Kind.CLAIMED: (frozenset({Status.APPROVED}), Status.SENDING),
    # Also where a sweep was quicker, and a person ordered another try that has not begun, or took that one
    # back: the attempt that Telegram confirms is named by its id.
    Kind.SENT: (
        frozenset({Status.SENDING, Status.UNKNOWN, Status.APPROVED, Status.CANCELLED}),
        Status.SENT,
    ),
    Kind.DEFERRED: (frozenset({Status.SENDING}), Status.APPROVED),
    Kind.FAILED: (frozenset({Status.SENDING, Status.UNKNOWN}), Status.FAILED),
    Kind.UNKNOWN: (frozenset({Status.SENDING}), Status.UNKNOWN),
    Kind.RETRIED: (frozenset({Status.FAILED, Status.UNKNOWN}), Status.APPROVED),
    Kind.MARKED_SENT: (frozenset({Status.UNKNOWN}), Status.SENT),
    # From a backup: what was on its way when it was made may have been sent since (sandbox/restored.py).
    Kind.RESTORED: (frozenset({Status.APPROVED, Status.SENDING}), Status.UNKNOWN),
}


def move(
    response: PendingResponse,
    kind: Kind,
    *,
    actor: Actor,
    where: Mapping[str, object] | None = None,
    changes: Mapping[str, object] | None = None,
    detail: str = "",
    text_before: str = "",
    text_after: str = "",
) -> bool:
    """Make one move and log it; False, with nothing changed, when the row is not where it starts from.

    `where` narrows the start further (a version, an attempt); `changes` are written with the state.
    The instance follows the row.
    """
    starts, end = MOVES[kind]
    with transaction.atomic():
        moved = PendingResponse.objects.filter(pk=response.pk, status__in=starts, **(where or {})).update(
            status=end, **(changes or {})
        )
        if not moved:
            return False
        event = ResponseEvent.objects.create(
            response=response,
            kind=kind,
            actor_name=actor.name,
            actor_user_id=actor.user_id,
            actor_key_id=actor.key_id,
            detail=detail,
            text_before=text_before,
            text_after=text_after,
        )
        announce_move(response, event)
    response.refresh_from_db()
    return True


def move_or_conflict(response: PendingResponse, kind: Kind, *, actor: Actor, **rest: Any) -> None:
    """Like `move`, for a person or agent who must learn that somebody was first."""
    if not move(response, kind, actor=actor, **rest):
        raise ReviewConflictError(describe_conflict(response.pk))


def describe_conflict(response_id: int) -> str:
    """One sentence: what happened to the reply meanwhile, who did it and when."""
    response = PendingResponse.objects.get(pk=response_id)
    last = ResponseEvent.objects.filter(response_id=response_id).order_by("-id").first()
    state = response.get_status_display()
    if last is None:
        return _("Nothing was done: the reply is %(state)s.") % {"state": state}
    return _("Nothing was done: the reply is %(state)s (%(event)s: %(who)s, %(when)s).") % {
        "state": state,
        "event": last.get_kind_display(),
        "who": last.actor_name,
        "when": local_time(last.created_at),
    }


def expire_overdue(*, actor: Actor) -> int:
    """Close the proposals whose time has passed; returns how many."""
    overdue = PendingResponse.objects.queue().filter(expires_at__lte=timezone.now())
    return sum(move(response, Kind.EXPIRED, actor=actor) for response in overdue)
