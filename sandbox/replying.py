"""A person answers: the same way as an agent's words, proposed and approved by their author at once."""

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from sandbox import review
from sandbox.actors import Actor
from sandbox.errors import StaleResponseError
from sandbox.models import PendingResponse, SandboxSettings
from sandbox.proposals import Proposal, propose

# The column of who proposed a reply.
_LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Replied:
    """The reply; `created` is false where this very form was posted before."""

    response: PendingResponse
    created: bool

    @property
    def waits(self) -> bool:
        """Whether somebody else has to approve it (the rule of four eyes)."""
        return self.response.status == PendingResponse.Status.PENDING


def reply(
    *, chat_id: int, text: str, actor: Actor, form_id: str, seen: str, reply_to_message_id: int | None = None
) -> Replied:
    """Propose the author's words and approve them, in one transaction: both are there, or neither.

    `form_id` is of one form on one page: posted twice, it makes one reply. `seen` is the snapshot
    (`sandbox.querysets.current_snapshot`) in which the author read the chat; where others went on with it
    since, nothing is done. Under the rule of four eyes the reply waits for somebody else.

    Raises StaleResponseError, and what `propose` and `review.approve` raise.
    """
    if actor.user is None:
        raise TypeError("Only somebody with an account can reply.")
    author = replace(actor, name=actor.name[:_LONGEST_NAME])
    proposal = Proposal(chat_id=chat_id, text=text, reply_to_message_id=reply_to_message_id)
    with transaction.atomic():
        proposed = propose(proposal=proposal, actor=author, idempotency_key=f"form:{actor.user.pk}:{form_id}")
        response = proposed.response
        if proposed.created:
            _refuse_unread(response, seen)
            if not SandboxSettings.get_solo().four_eyes:
                # Read up to the proposal; whatever comes between the two is refused by the same words.
                response = review.approve(
                    response_id=response.pk, actor=author, version=1, confirm_stale=True, seen=seen
                )
    return Replied(response=response, created=proposed.created)


def _refuse_unread(response: PendingResponse, seen: str) -> None:
    if review.is_stale_since(response, seen):
        raise StaleResponseError(
            _("The conversation went on while you were writing; nothing was sent. Read it and send again.")
        )
