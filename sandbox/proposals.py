"""An agent proposes, or a person: the way into the sandbox."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from messaging.models import Chat
from sandbox.actors import Actor
from sandbox.errors import (
    ChatClosedError,
    ChatNotFoundError,
    ChatUnreachableError,
    IdempotencyConflictError,
    ProposalsPausedError,
)
from sandbox.models import PendingResponse
from sandbox.storing import Earlier, Obstacle, Outcome, Row, store
from sandbox.texts import clean_text

# As many replies may be proposed at once, and decided at once: more than that nobody reads through.
MAX_BATCH = 300
_as_json = json.JSONEncoder(default=str, sort_keys=True).encode


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One proposed reply, as whoever proposes says it. Times are aware."""

    chat_id: int
    text: str
    context: str = ""
    reply_to_message_id: int | None = None
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """The stored draft; `created` is false when an idempotency key found an earlier one."""

    response: PendingResponse
    created: bool


def propose(*, proposal: Proposal, actor: Actor, idempotency_key: str | None = None) -> Proposed:
    """Store one proposal.

    Raises InvalidTextError, ChatNotFoundError, ChatUnreachableError, ChatClosedError, ProposalsPausedError,
    and IdempotencyConflictError when the key was used for another proposal.
    """
    drafts, created = _store_once([proposal], actor, idempotency_key, batch_id=None)
    return Proposed(response=drafts[0], created=created)


def propose_batch(
    *, proposals: Sequence[Proposal], actor: Actor, idempotency_key: str | None = None
) -> tuple[list[PendingResponse], bool]:
    """Store all or none; the drafts keep the order given. Raises as `propose` does.

    Returns the drafts, and whether they are new: with a key that was used before, they are the earlier ones.
    """
    return _store_once(proposals, actor, idempotency_key, batch_id=uuid.uuid4())


def _store_once(
    proposals: Sequence[Proposal], actor: Actor, key: str | None, *, batch_id: uuid.UUID | None
) -> tuple[list[PendingResponse], bool]:
    """The first draft carries the idempotency key, for all of them."""
    request_hash = _hash(proposals, is_batch=batch_id is not None)
    rows = [_row(proposal, is_hidden=not actor.sees_chat(proposal.chat_id)) for proposal in proposals]
    if any(row.is_hidden for row in rows):
        key = None  # what is hidden from the caller is refused first
    outcome = store(rows, actor=actor, idempotency_key=key, request_hash=request_hash, batch_id=batch_id)
    if outcome.earlier is not None:
        return _same_request(outcome.earlier, request_hash), False
    _refuse(outcome)
    return outcome.drafts, True


def _row(proposal: Proposal, *, is_hidden: bool) -> Row:
    return Row(
        chat_id=proposal.chat_id,
        is_hidden=is_hidden,
        response_text=clean_text(proposal.text),
        context=proposal.context,
        reply_to_message_id=proposal.reply_to_message_id,
        scheduled_at=proposal.scheduled_at,
        expires_at=proposal.expires_at,
    )


def _refuse(outcome: Outcome) -> None:
    """Raises what stood against the proposals, if anything did."""
    if outcome.is_paused:
        raise ProposalsPausedError(f"{_('Proposals are paused.')} {outcome.pause_note}".strip())
    match outcome.obstacle:
        case Obstacle(kind="unknown", chat_id=chat_id):
            raise ChatNotFoundError(_("There is no chat %(id)s.") % {"id": chat_id})
        case Obstacle(kind="unreachable", chat_id=chat_id, reason=reason):
            raise _chat_unreachable(chat_id, reason)
        case Obstacle(kind="closed", chat_id=chat_id):
            raise ChatClosedError(
                _("The agent's replies are switched off for the chat %(id)s.") % {"id": chat_id}
            )


def refuse_unreachable(chat: Chat) -> None:
    """Raises ChatUnreachableError, with what Telegram said."""
    if not chat.is_active:
        raise _chat_unreachable(chat.pk, chat.unreachable_reason)


def _chat_unreachable(chat_id: int, reason: str | None) -> ChatUnreachableError:
    sentence = _("The bot cannot write to the chat %(id)s.") % {"id": chat_id}
    return ChatUnreachableError(f"{sentence} {_(reason) if reason else ''}".strip())


def _same_request(earlier: Earlier, request_hash: str) -> list[PendingResponse]:
    """What the key stored before, in its order."""
    if earlier.request_hash != request_hash:
        raise IdempotencyConflictError(
            _("This idempotency key was used for another reply (%(id)d).") % {"id": earlier.id}
        )
    if earlier.batch_id is None:
        return [PendingResponse.objects.get(pk=earlier.id)]
    return list(PendingResponse.objects.filter(batch_id=earlier.batch_id).order_by("send_order"))


def _hash(proposals: Sequence[Proposal], *, is_batch: bool) -> str:
    """The same for the same request; a batch of one is not the same as one reply."""
    listed = [vars(proposal) for proposal in proposals]
    body = _as_json({"batch": listed} if is_batch else listed)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
