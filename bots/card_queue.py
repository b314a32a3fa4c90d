"""Which card is to be sent or changed next, claimed and drawn: one at a time on all machines.

Whatever was missed is found by comparing what a card shows with its reply, so nothing has to announce a
change.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils import timezone, translation

from bots.cards import Drawing, Status, draw
from bots.models import ApprovalCard
from cvgorod_hub.common.database import lock_keys
from messaging.conversation import read_conversation
from messaging.models import Message
from sandbox.models import PendingResponse
from sandbox.querysets import PendingResponseQuerySet, current_snapshot

# Any constant will do; it keeps this lock apart from other users of advisory locks.
CARD_LOCK = 0x_C7_60_CA
# A claim outlives its call, so that nobody else takes the card meanwhile.
CLAIM = timedelta(seconds=settings.SEND_DEADLINE_SECONDS + 30)
# How much of the conversation a stale card shows.
WORDS_ON_A_STALE_CARD = 3


@dataclass(frozen=True, kw_only=True)
class Job:
    """A claimed card, and what it shall show."""

    card: ApprovalCard
    drawing: Drawing
    status: str
    version: int
    is_stale: bool


def due_changes() -> PendingResponseQuerySet:
    """Replies whose card shows something else than what is; what somebody waits for comes first."""
    is_due = Q(card__next_try_at__isnull=True) | Q(card__next_try_at__lte=timezone.now())
    # A card does not tell "approved" from "being sent".
    state = Case(When(status=Status.SENDING, then=Value(Status.APPROVED)), default=F("status"))
    went_on = Q(status=Status.PENDING, is_stale=True, card__is_stale=False)
    differs = ~Q(card__status=F("state")) | ~Q(card__version=F("version")) | went_on
    asks = Q(status=Status.PENDING, card__wants_to_ask=True)
    on_cards = PendingResponse.objects.filter(is_due, card__closed_at=None, card__message_id__isnull=False)
    return (
        on_cards.with_staleness()
        .with_question()
        .annotate(state=state)
        .filter(differs | asks)
        .order_by("-card__wants_to_ask", "created_at", "id")
    )


def due_drafts() -> PendingResponseQuerySet:
    """Replies that wait for a person and have no card yet, in the order of the queue."""
    is_due = Q(card__next_try_at__isnull=True) | Q(card__next_try_at__lte=timezone.now())
    unsent = Q(card__isnull=True) | (is_due & Q(card__message_id=None, card__closed_at=None))
    return PendingResponse.objects.queue().filter(unsent).with_staleness().with_question().by_urgency()


def claim_next(chat_id: int) -> Job | None:
    """Take what is due next; None where nothing is, or somebody else is showing a card."""
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
        lock_keys([CARD_LOCK])
        if is_claimed():
            return None
        response = due_changes().select_related("chat").first() or due_drafts().select_related("chat").first()
        if response is None:
            return None
        ApprovalCard.objects.get_or_create(response=response, defaults={"chat_id": chat_id})
        card = ApprovalCard.objects.select_for_update(skip_locked=True).filter(response=response).first()
        return None if card is None else _prepare(card, response, chat_id)


def _prepare(card: ApprovalCard, response: PendingResponse, chat_id: int) -> Job:
    asks = response.status == Status.PENDING and card.wants_to_ask and response.is_stale
    if asks:
        # The snapshot before the words: what is shown may be more than what the yes holds for, never less.
        card.seen, card.ask = current_snapshot(), card.ask + 1
    if card.message_id is None:
        card.chat_id = chat_id
    card.claimed_until = timezone.now() + CLAIM
    card.save()
    drawing = draw(
        response,
        said=_words_on_card(response) if response.status == Status.PENDING else (),
        last_event=response.events.order_by("-id").first(),
        address=_address(response),
        ask=card.ask if asks else 0,
    )
    status = Status.APPROVED if response.status == Status.SENDING else response.status
    return Job(
        card=card, drawing=drawing, status=status, version=response.version, is_stale=response.is_stale
    )


def _words_on_card(response: PendingResponse) -> list[Message]:
    """The client's last words; where the conversation went on, the last ones of anybody."""
    if response.is_stale:
        newest = read_conversation(chat_id=response.target_chat, limit=WORDS_ON_A_STALE_CARD)
        return [said.message for said in newest.said]
    if response.question_id is None:
        return []
    return list(Message.objects.filter(pk=response.question_id).select_related("user", "chat"))


def _address(response: PendingResponse) -> str:
    page = reverse("admin:sandbox_pendingresponse_change", args=[response.pk])
    return f"{settings.HUB_PUBLIC_URL}{page}"


def drop_decided() -> None:
    """Drafts that were decided before their card was sent get none."""
    is_free = Q(claimed_until=None) | Q(claimed_until__lte=timezone.now())
    unsent = ApprovalCard.objects.filter(is_free, message_id=None, closed_at=None)
    unsent.exclude(response__status=Status.PENDING).update(closed_at=timezone.now())


def is_claimed() -> bool:
    """Whether a card is being shown at this moment."""
    return ApprovalCard.objects.filter(closed_at=None, claimed_until__gt=timezone.now()).exists()


def has_work() -> bool:
    """Whether a card is due and nobody is at work on one."""
    return not is_claimed() and (due_changes().exists() or due_drafts().exists())
