"""Reading the sandbox."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self

from django.db import connection, models
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Greatest, Now, RowNumber

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


class IsOfAnotherCluster(Func):
    """Whether a snapshot counts further than this database has: it was taken before a restore from a dump."""

    template = "pg_snapshot_xmax((%(expressions)s)::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())"
    output_field = BooleanField()


class PendingResponseQuerySet(models.QuerySet["PendingResponse"]):
    def with_staleness(self, *, since: str | None = None, statuses: Collection[str] | None = None) -> Self:
        """Annotate `is_stale`: the chat moved on since the reply was proposed, or since another snapshot.

        A person wrote or edited there, or the hub sent another reply (one of the same batch, or by the same
        person of the staff, apart).
        "Since" means: not visible to the transaction that stored the proposal, so neither clocks nor
        a message that was being stored at that moment can hide from it. `since` is a snapshot as
        `current_snapshot()` gives it. With `statuses` only such replies are asked about, no other is stale.
        """
        snapshot = OuterRef("anchor_snapshot") if since is None else Value(since)
        # A group that became a supergroup goes on there.
        here = Q(chat=OuterRef("chat")) | Q(chat=OuterRef("chat__migrated_to"))
        after = (
            Message.objects.news()
            .filter(
                ~VisibleIn(Coalesce("said_xid", "changed_xid"), snapshot),
                here,
                changed_xid__gte=OldestRunning(snapshot),  # exact above; this makes it an index range
            )
            .exclude(message_type=Message.Type.SERVICE)
        )
        by_people = Q(source=Message.Source.TELEGRAM) & (Q(user__isnull=True) | Q(user__role__is_bot=False))
        of_the_same = self.model.objects.filter(
            Q(batch_id=OuterRef(OuterRef("batch_id")))
            | Q(requested_by_user=OuterRef(OuterRef("requested_by_user"))),
            chat=OuterRef(OuterRef("chat")),
            telegram_message_id=OuterRef("telegram_message_id"),
        )
        by_us = Q(source=Message.Source.SENT) & ~Exists(of_the_same)
        # After a restore transactions count anew; such a snapshot tells nothing, so somebody has to read.
        elsewhere = IsOfAnotherCluster(F("anchor_snapshot") if since is None else Value(since))
        is_stale = Q(Exists(after.filter(by_people | by_us))) | Q(elsewhere)
        asked: Any = ExpressionWrapper(is_stale, output_field=BooleanField())
        if statuses is not None:
            asked = Case(When(status__in=statuses, then=asked), default=Value(value=False))
        return self.annotate(is_stale=asked)

    def with_question(self) -> Self:
        """Annotate `question_id` and `intent` (the client's last message and its meaning), `is_urgent`
        (an urgent message there is not answered yet) and `target_chat` (where the conversation is now).
        """
        said = Message.objects.of_clients().filter(chat=OuterRef("target_chat"))
        last = said.order_by("-timestamp", "-id")
        unanswered = Message.objects.filter(
            chat=OuterRef("target_chat"), timestamp__gte=OuterRef("waiting_since")
        )
        waiting_since = Case(
            When(chat__migrated_to__isnull=False, then=F("chat__migrated_to__waiting_since")),
            default=F("chat__waiting_since"),
        )
        return self.with_target().annotate(
            waiting_since=waiting_since,
            question_id=Subquery(last.values("pk")[:1]),
            intent=Subquery(last.values("analysis__intent")[:1]),
            # Not EXISTS over the urgent ones: PostgreSQL would read all urgent analyses there ever were.
            is_urgent=Coalesce(
                Subquery(unanswered.most_urgent_first().values("analysis__is_urgent")[:1]), Value(value=False)
            ),
        )

    def with_target(self) -> Self:
        """Annotate `target_chat`: the id under which the conversation goes on now."""
        return self.annotate(target_chat=Coalesce("chat__migrated_to_id", "chat_id"))

    def queue(self) -> Self:
        """What waits for a person, oldest first."""
        return self.filter(status="pending").order_by("created_at", "id")

    def by_urgency(self) -> Self:
        """Unanswered urgent words first, then the oldest. Needs `with_question()`."""
        return self.order_by("-is_urgent", "created_at", "id")

    def due(self) -> Self:
        """What may be sent now: approved, its time has come, no pause asked for."""
        return self.at_their_time().filter(Q(retry_at__isnull=True) | Q(retry_at__lte=Now()))

    def at_their_time(self) -> Self:
        """Approved replies that are not scheduled for later, in the order in which they are to go out.

        By the database's clock, which all machines share.
        """
        # GREATEST passes over NULL: most replies have no time of their own.
        ready_at = Greatest("approved_at", "scheduled_at")
        return (
            self.filter(Q(scheduled_at__isnull=True) | Q(scheduled_at__lte=Now()), status="approved")
            .annotate(ready_at=ready_at)
            .order_by("ready_at", "id")
        )

    def heads(self) -> Self:
        """The next reply of each chat that may be sent now: a chat's replies go out in their order.

        One that waits for another try holds back those behind it, and so does one that is on its way.
        """
        place = Window(RowNumber(), partition_by=F("target_chat"), order_by=[F("ready_at"), F("id")])
        first = self.model.objects.at_their_time().with_target().annotate(place=place).filter(place=1)
        on_its_way = self.model.objects.with_target().filter(
            Q(target_chat=OuterRef("target_chat")), status="sending"
        )
        return self.due().with_target().filter(pk__in=first.values("pk")).exclude(Exists(on_its_way))


def current_snapshot() -> str:
    """What the database shows at this moment, for `with_staleness(since=…)`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        [snapshot] = cursor.fetchone()
    return str(snapshot)
