"""A reply as the queue and the bulk pages show it: the draft, and what the client said last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from messaging.models import Message
from sandbox.models import PendingResponse
from sandbox.querysets import PendingResponseQuerySet

Status = PendingResponse.Status

# Where something is still to be done or on its way. Once it is over, the client's last words are no longer
# what the reply answered.
OPEN = frozenset({Status.PENDING, Status.APPROVED, Status.SENDING, Status.FAILED, Status.UNKNOWN})

# Since when the client waits; where nobody waits there, since the reply was proposed.
WAITS_SINCE = Coalesce("chat__migrated_to__waiting_since", "chat__waiting_since", "created_at")


@dataclass(frozen=True)
class Card:
    response: PendingResponse
    last_words: Message | None

    @property
    def is_waiting(self) -> bool:
        return self.response.status == Status.PENDING

    @property
    def is_edited(self) -> bool:
        return self.response.response_text != self.response.original_text

    @property
    def waited(self) -> str:
        return how_long(self.response.waits_since)  # type: ignore[attr-defined]  # annotated


def as_cards(queryset: PendingResponseQuerySet) -> PendingResponseQuerySet:
    """Everything that a card shows, of many replies at once; `cards_of` takes the rows."""
    return (
        queryset.with_question()
        .with_staleness(statuses=OPEN)
        .annotate(waits_since=WAITS_SINCE)
        .select_related("chat")
    )


def cards_of(responses: Iterable[PendingResponse]) -> list[Card]:
    """In the order given; one query for all the clients' words."""
    responses = list(responses)
    asked = {response.question_id for response in responses if response.status in OPEN}
    words = (
        Message.objects.select_related("user__role", "analysis")
        .defer("search_vector")
        .in_bulk([question_id for question_id in asked if question_id is not None])
    )
    return [Card(response, words.get(response.question_id or 0)) for response in responses]


def how_long(since: datetime) -> str:
    """As people say it, in one unit: 25 minutes."""
    now = timezone.now()
    return timesince(since, now, depth=1) if now - since >= timedelta(minutes=1) else _("less than a minute")
