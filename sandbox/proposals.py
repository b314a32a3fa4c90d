"""An agent proposes, or a person: the way into the sandbox."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cvgorod_hub.common.bulk import insert_pairs
from messaging.models import Chat
from sandbox.actors import Actor
from sandbox.errors import (
    ChatClosedError,
    ChatNotFoundError,
    ChatUnreachableError,
    IdempotencyConflictError,
    ProposalsPausedError,
)
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.preconditions import Earlier, Preconditions, Reachable, Rules, Target, read_preconditions
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
    hidden = {one.chat_id for one in proposals if not actor.sees_chat(one.chat_id)}
    wanted = {one.chat_id for one in proposals}
    found = read_preconditions(
        chat_ids=wanted - hidden,
        requested_by=actor.name,
        # What is hidden from the caller is refused first.
        idempotency_key=None if hidden else key,
    )
    if found.earlier is not None:
        return _same_request(found.earlier, request_hash), False
    # The pause, and what is switched off for a chat, bind the agent; people answer all the same.
    is_agent = actor.user is None
    if is_agent and found.rules.is_paused:
        raise ProposalsPausedError(f"{_('Proposals are paused.')} {found.rules.pause_note}".strip())
    targets = _open_targets(wanted, found, is_agent=is_agent)
    drafts = [_draft(proposal, targets[proposal.chat_id], actor, found.rules) for proposal in proposals]
    if batch_id is not None:
        for place, draft in enumerate(drafts):
            draft.batch_id, draft.send_order = batch_id, place
    drafts[0].idempotency_key, drafts[0].request_hash = key, request_hash
    try:
        _store(drafts, actor)
    except IntegrityError:
        # The same key, at the same moment: the other request was first.
        found = read_preconditions(chat_ids=(), requested_by=actor.name, idempotency_key=key)
        if found.earlier is None:
            raise
        return _same_request(found.earlier, request_hash), False
    return drafts, True


def _draft(proposal: Proposal, target: Target, actor: Actor, rules: Rules) -> PendingResponse:
    text = clean_text(proposal.text)
    return PendingResponse(
        chat_id=target.id,
        client_name=target.name,
        response_text=text,
        original_text=text,
        context=proposal.context,
        # Where a group that moved is followed, message ids begin anew.
        reply_to_message_id=proposal.reply_to_message_id if target.id == proposal.chat_id else None,
        scheduled_at=proposal.scheduled_at,
        expires_at=proposal.expires_at or _usual_expiry(proposal, rules),
        requested_by=actor.name,
        requested_by_key_id=actor.key_id,
        requested_by_user_id=actor.user_id,
    )


def _usual_expiry(proposal: Proposal, rules: Rules) -> datetime | None:
    """What is scheduled lives on after its time as long as another draft lives from now."""
    if rules.draft_lifetime_hours is None:
        return None
    now = timezone.now()
    return max(now, proposal.scheduled_at or now) + timedelta(hours=rules.draft_lifetime_hours)


def _open_targets(wanted: set[int], found: Preconditions, *, is_agent: bool) -> dict[int, Target]:
    """The reachable chats by the ids asked for.

    What is hidden from the caller does not exist, in the same words.
    """
    if missing := wanted - found.targets.keys():
        raise ChatNotFoundError(_("There is no chat %(id)s.") % {"id": min(missing)})
    for target in found.targets.values():
        refuse_unreachable(target)
        if is_agent and target.reply_mode == Chat.ReplyMode.OFF:
            raise ChatClosedError(
                _("The agent's replies are switched off for the chat %(id)s.") % {"id": target.id}
            )
    return found.targets


def refuse_unreachable(chat: Reachable) -> None:
    """Raises ChatUnreachableError, with what Telegram said."""
    if not chat.is_active:
        sentence = _("The bot cannot write to the chat %(id)s.") % {"id": chat.id}
        reason = _(chat.unreachable_reason) if chat.unreachable_reason else ""
        raise ChatUnreachableError(f"{sentence} {reason}".strip())


def _store(responses: list[PendingResponse], actor: Actor) -> None:
    events = [
        ResponseEvent(
            response=response,
            kind=ResponseEvent.Kind.PROPOSED,
            actor_name=actor.name,
            actor_user_id=actor.user_id,
            actor_key_id=actor.key_id,
            text_after=response.response_text,
        )
        for response in responses
    ]
    # Alone a statement is a transaction of its own; within another one, a key met twice must not break that.
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        insert_pairs(responses, events, link="response")


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
