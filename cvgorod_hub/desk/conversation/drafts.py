"""The sandbox's rows of a part of a conversation, in one query: drafts, and who approved what was sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from cvgorod_hub.desk.conversation.chats import OpenChat
from messaging.conversation import Conversation
from messaging.models import Message
from sandbox.models import PendingResponse

Status = PendingResponse.Status
# Something is still to be done or on its way: they stand at the end of the conversation.
OPEN = (Status.PENDING, Status.APPROVED, Status.SENDING, Status.UNKNOWN)
# Over without a message: they stand where they were proposed.
QUIET = (Status.REJECTED, Status.FAILED, Status.EXPIRED, Status.CANCELLED)
# Of one part of a conversation: more is no conversation any more, the list of replies has them all.
MOST_QUIET = 100
# How long a reply may take from its proposal to being seen by a page that follows the chat.
_OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True)
class Drafts:
    """`behind`: by the message that they became."""

    open: list[PendingResponse]
    quiet: list[PendingResponse]
    behind: dict[int, PendingResponse]


def read_drafts(opened: OpenChat, conversation: Conversation) -> Drafts:
    """What belongs to this part: quiet ones from its first message until the one after it.

    Parts that meet share none and leave none out. Open ones only at the chat's end.
    """
    messages = [said.message for said in conversation.said]
    quiet = _of_chat(opened).filter(status__in=QUIET)
    if conversation.has_earlier:
        quiet = quiet.filter(created_at__gte=messages[0].timestamp) if messages else quiet.none()
    if conversation.next_at is not None:
        quiet = quiet.filter(created_at__lt=conversation.next_at)
    return _sorted(_rows(opened, quiet, messages, with_open=not conversation.has_later), messages)


def read_moved(opened: OpenChat, conversation: Conversation, shown_ids: Iterable[int]) -> Drafts:
    """For a page that follows the chat: what is open now, what was over lately, and what the page showed."""
    lately = _of_chat(opened).filter(
        Q(created_at__gte=timezone.now() - _OVERLAP) | Q(pk__in=list(shown_ids)), status__in=QUIET
    )
    messages = [said.message for said in conversation.said]
    return _sorted(_rows(opened, lately, messages, with_open=True), messages)


def _of_chat(opened: OpenChat) -> QuerySet[PendingResponse]:
    return PendingResponse.objects.filter(chat=opened.chat)


def _rows(
    opened: OpenChat, quiet: QuerySet[PendingResponse], messages: list[Message], *, with_open: bool
) -> list[PendingResponse]:
    """Each kind by an index of its own, in one statement."""
    here = PendingResponse.objects.filter(chat__in=opened.ids).order_by()
    kinds = [quiet.order_by("-created_at", "-id")[:MOST_QUIET]]
    if numbers := [message.telegram_message_id for message in messages if _has_number(message)]:
        kinds.append(here.filter(telegram_message_id__in=numbers))
    if keys := [key for message in messages if (key := _key_in_origin(message))]:
        kinds.append(here.filter(pk__in=keys))
    # Where a group became a supergroup, its replies go out there.
    if with_open and opened.chat.migrated_to_id is None:
        kinds.append(here.filter(status__in=OPEN))
    first, *others = kinds
    found = first.union(*others, all=True) if others else first
    return list({row.pk: row for row in found}.values())


def _sorted(rows: list[PendingResponse], messages: list[Message]) -> Drafts:
    rows.sort(key=lambda row: (row.created_at, row.pk))
    by_number = {row.telegram_message_id: row for row in rows if row.telegram_message_id is not None}
    by_key = {row.pk: row for row in rows}
    behind = {}
    for message in messages:
        number = message.telegram_message_id if _has_number(message) else None
        row = by_key.get(_key_in_origin(message)) if number is None else by_number.get(number)
        if row is not None:
            behind[message.pk] = row
    return Drafts(
        open=[row for row in rows if row.status in OPEN],
        quiet=[row for row in rows if row.status in QUIET],
        behind=behind,
    )


def _has_number(message: Message) -> bool:
    return message.source == Message.Source.SENT and message.telegram_message_id is not None


def _key_in_origin(message: Message) -> int:
    """Of a message that a person noted as sent (`sandbox.review.mark_sent`); 0 for others."""
    kind, _colon, key = (message.origin or "").partition(":")
    is_ours = message.source == Message.Source.SENT and kind == "response" and key.isdecimal()
    return int(key) if is_ours else 0
