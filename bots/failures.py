"""Updates that could not be read: they stay until a later reading succeeds, or a person sets them aside."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils import timezone

from bots.models import RawUpdate
from sandbox.actors import Actor

State = RawUpdate.State
LONGEST_REASON = 500


def failed_updates() -> QuerySet[RawUpdate]:
    """Those that nobody has settled."""
    return RawUpdate.objects.filter(parse_state=State.FAILED)


def set_aside(*, ids: Sequence[int], actor: Actor, reason: str) -> list[int]:
    """A person decides that these need not be read, and says why; returns the ids of those that it was.

    One that was read or set aside meanwhile stays as it is. Raises ValueError without a usable reason.
    """
    reason = reason.strip().replace("\x00", "")
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ValueError("A reason of 1 to 500 characters is needed.")
    chosen = failed_updates().filter(pk__in=ids)
    settled = []
    for pk in chosen.order_by("pk").values_list("pk", flat=True):
        # One by one, so that the answer names exactly those that this person settled.
        settled += [pk] * failed_updates().filter(pk=pk).update(
            parse_state=State.DISMISSED,
            dismissed_by=actor.name,
            dismissed_at=timezone.now(),
            dismissed_reason=reason,
        )
    return settled
