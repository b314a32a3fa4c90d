"""Reading the sandbox."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import BigIntegerField, BooleanField, Exists, F, Func, OuterRef, Q
from django.utils import timezone

from messaging.models import Message

if TYPE_CHECKING:
    from sandbox.models import PendingResponse  # noqa: F401  (named in a string below, as models import this)


class OldestRunning(Func):
    """The oldest transaction that was still running when a snapshot was taken."""

    template = "pg_snapshot_xmin((%(expressions)s)::pg_snapshot)::text::bigint"
    output_field = BigIntegerField()


class VisibleIn(Func):
    """Whether the changes of a transaction could be seen in a snapshot."""

    template = "pg_visible_in_snapshot(%(expressions)s::pg_snapshot)"
    arg_joiner = "::text::xid8, "
    output_field = BooleanField()


class PendingResponseQuerySet(models.QuerySet["PendingResponse"]):
    def with_staleness(self) -> Self:
        """Annotate `is_stale`: a person wrote or edited in the chat since the reply was proposed.

        "Since" means: not visible to the transaction that stored the proposal, so neither clocks nor
        a message that was being stored at that moment can hide from it.
        """
        snapshot = OuterRef("anchor_snapshot")
        moved_on = Message.objects.filter(
            ~VisibleIn(F("changed_xid"), snapshot),
            Q(user__isnull=True) | Q(user__role__is_bot=False),
            # A group that became a supergroup goes on there.
            Q(chat=OuterRef("chat")) | Q(chat=OuterRef("chat__migrated_to")),
            changed_xid__gte=OldestRunning(snapshot),  # exact above; this makes it an index range
            source=Message.Source.TELEGRAM,
        ).exclude(message_type=Message.Type.SERVICE)
        return self.annotate(is_stale=Exists(moved_on))

    def queue(self) -> Self:
        """What waits for a person, oldest first."""
        return self.filter(status="pending").order_by("created_at", "id")

    def due(self) -> Self:
        """What may be sent now, in the order of approval."""
        now = timezone.now()
        return self.filter(
            Q(scheduled_at__isnull=True) | Q(scheduled_at__lte=now),
            Q(retry_at__isnull=True) | Q(retry_at__lte=now),
            status="approved",
        ).order_by("approved_at", "id")
