"""An agent proposes: the way into the sandbox."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from messaging.models import Chat
from sandbox.actors import Actor
from sandbox.errors import ChatNotFoundError, ChatUnreachableError, IdempotencyConflictError
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.texts import clean_text


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One proposed reply, as an agent says it. Times are aware."""

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

    Raises InvalidTextError, ChatNotFoundError, ChatUnreachableError, and IdempotencyConflictError when
    the key was used for another proposal.
    """
    request_hash = _hash([proposal])
    if idempotency_key is not None and (earlier := _find_earlier(actor, idempotency_key, request_hash)):
        return Proposed(response=earlier, created=False)
    response = _draft(proposal, _find_chats([proposal.chat_id])[proposal.chat_id], actor)
    response.idempotency_key = idempotency_key
    response.request_hash = request_hash
    try:
        _store([response], actor)
    except IntegrityError:
        # The same key, at the same moment: the other request was first.
        earlier = _find_earlier(actor, idempotency_key or "", request_hash)
        if earlier is None:
            raise
        return Proposed(response=earlier, created=False)
    return Proposed(response=response, created=True)


def propose_batch(*, proposals: Sequence[Proposal], actor: Actor) -> list[PendingResponse]:
    """Store all or none; the drafts keep the order given. Raises as `propose` does."""
    chats = _find_chats(proposal.chat_id for proposal in proposals)
    batch_id = uuid.uuid4()
    responses = [_draft(proposal, chats[proposal.chat_id], actor) for proposal in proposals]
    for place, response in enumerate(responses):
        response.batch_id, response.send_order = batch_id, place
    _store(responses, actor)
    return responses


def _draft(proposal: Proposal, chat: Chat, actor: Actor) -> PendingResponse:
    text = clean_text(proposal.text)
    return PendingResponse(
        chat=chat,
        client_name=chat.name,
        response_text=text,
        original_text=text,
        context=proposal.context,
        reply_to_message_id=proposal.reply_to_message_id,
        scheduled_at=proposal.scheduled_at,
        expires_at=proposal.expires_at,
        requested_by=actor.name,
        requested_by_key=actor.key,
    )


def _find_chats(chat_ids: Iterable[int]) -> dict[int, Chat]:
    """The reachable chats by the ids asked for; a group that became a supergroup is followed."""
    wanted = set(chat_ids)
    found = {
        chat.pk: chat.migrated_to or chat
        for chat in Chat.objects.filter(pk__in=wanted).select_related("migrated_to")
    }
    if missing := wanted - found.keys():
        raise ChatNotFoundError(_("There is no chat %(id)s.") % {"id": min(missing)})
    for chat in found.values():
        if not chat.is_active:
            raise ChatUnreachableError(_("The bot cannot write to the chat %(id)s.") % {"id": chat.pk})
    return found


def _store(responses: list[PendingResponse], actor: Actor) -> None:
    with transaction.atomic():
        PendingResponse.objects.bulk_create(responses)
        ResponseEvent.objects.bulk_create(
            ResponseEvent(
                response=response,
                kind=ResponseEvent.Kind.PROPOSED,
                actor_name=actor.name,
                actor_user=actor.user,
                actor_key=actor.key,
                text_after=response.response_text,
            )
            for response in responses
        )


def _find_earlier(actor: Actor, key: str, request_hash: str) -> PendingResponse | None:
    earlier = PendingResponse.objects.filter(requested_by=actor.name, idempotency_key=key).first()
    if earlier is not None and earlier.request_hash != request_hash:
        raise IdempotencyConflictError(
            _("This idempotency key was used for another reply (%(id)d).") % {"id": earlier.pk}
        )
    return earlier


def _hash(proposals: Sequence[Proposal]) -> str:
    body = json.dumps([asdict(proposal) for proposal in proposals], default=str, sort_keys=True)
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
