"""A person decides: approve, edit, reject, cancel, and what to do after a doubtful send.

Admin, API and Telegram's approval cards are faces of these functions. Each raises
`PendingResponse.DoesNotExist`, and ReviewConflictError when the reply is no longer where it was.
"""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cvgorod_hub.common.nudge import nudge
from messaging.ingest import record_sent_without_id
from sandbox.actors import Actor
from sandbox.errors import FourEyesError, ReviewConflictError, SandboxError, StaleResponseError
from sandbox.models import PendingResponse, ResponseEvent, SandboxSettings
from sandbox.proposals import refuse_unreachable
from sandbox.tasks import deliver_due_responses
from sandbox.texts import clean_text
from sandbox.transitions import describe_conflict, move_or_conflict
from sandbox.working_hours import in_working_hours

Kind = ResponseEvent.Kind


def edit(*, response_id: int, actor: Actor, text: str, version: int | None = None) -> PendingResponse:
    """Change the words of a waiting reply; the version grows, so that older approvals miss it."""
    text = clean_text(text)
    with transaction.atomic():
        response = _as_shown(response_id, version)
        if text != response.response_text:
            _change_text(response, actor, text)
    return response


class Unchanged(enum.Enum):
    """Leave the time at which to send as it was proposed."""

    TIME = "time"


def approve(
    *,
    response_id: int,
    actor: Actor,
    version: int | None = None,
    text: str | None = None,
    confirm_stale: bool = False,
    seen: str | None = None,
    scheduled_at: datetime | Unchanged | None = Unchanged.TIME,
) -> PendingResponse:
    """Approve exactly the text shown as `version`, or `text` in its place; delivery follows.

    `confirm_stale` is the second yes to a reply whose chat moved on; with `seen`, the snapshot in which
    the person read the conversation, it holds for what was said until then. `scheduled_at`: send it not
    before; None is now.

    Raises InvalidTextError, StaleResponseError, FourEyesError and ChatUnreachableError.
    """
    cleaned = None if text is None else clean_text(text)
    rules = SandboxSettings.get_solo()
    with transaction.atomic():
        response = _as_shown(response_id, version)
        _refuse_decided(response)
        _refuse_expired(response)
        _refuse_own(response, actor, rules)
        refuse_unreachable(response.chat.migrated_to or response.chat)
        _refuse_stale(response, confirm_stale=confirm_stale, seen=seen)
        if cleaned is not None and cleaned != response.response_text:
            _change_text(response, actor, cleaned)
        goes_out_at = response.scheduled_at if isinstance(scheduled_at, Unchanged) else scheduled_at
        if goes_out_at is not None:
            goes_out_at = in_working_hours(goes_out_at, chat=response.chat, rules=rules)
        move_or_conflict(
            response,
            Kind.APPROVED,
            actor=actor,
            where={"version": response.version},
            text_after=response.response_text,
            detail=gettext_noop("stale, confirmed") if response.is_stale else "",
            changes={
                "approved_by": actor.name,
                # The database's clock: it is the order in which a chat's replies go out.
                "approved_at": Now(),
                "scheduled_at": goes_out_at,
            },
        )
        _deliver_soon()
    return response


@dataclass(frozen=True)
class Skipped:
    """A reply that a decision about many left alone, and the sentence that says why."""

    response_id: int
    reason: str


def approve_many(
    *, shown: Iterable[tuple[int, int]], actor: Actor
) -> tuple[list[PendingResponse], list[Skipped]]:
    """Approve each reply (its id, the version that was shown) that nothing speaks against, in this order.

    Stale ones want to be read one by one, so they are skipped, like those that somebody else decided.
    """
    return _decide_many(partial(approve, actor=actor), shown)


def reject_many(
    *, shown: Iterable[tuple[int, int]], actor: Actor, reason: str = ""
) -> tuple[list[PendingResponse], list[Skipped]]:
    """Reject each reply (its id, the version that was shown) with the same reason."""
    return _decide_many(partial(reject, actor=actor, reason=reason), shown)


def reject(
    *, response_id: int, actor: Actor, reason: str = "", version: int | None = None
) -> PendingResponse:
    """Close a waiting reply; the agent reads the reason."""
    response = _as_shown(response_id, version)
    reason = reason.strip()
    move_or_conflict(
        response,
        Kind.REJECTED,
        actor=actor,
        where={"version": response.version},
        detail=reason,
        text_before=response.response_text,
        changes={"rejected_reason": reason},
    )
    return response


def cancel(*, response_id: int, actor: Actor) -> PendingResponse:
    """Take back what has not begun to be sent."""
    response = PendingResponse.objects.get(pk=response_id)
    move_or_conflict(
        response,
        Kind.CANCELLED,
        actor=actor,
        where={"version": response.version},
        text_before=response.response_text,
    )
    return response


def retry(*, response_id: int, actor: Actor, attempts: int | None = None) -> PendingResponse:
    """Send again what failed, or what a person knows not to have arrived.

    `attempts`: how many had been made when the person decided; another one since then is a conflict.
    """
    with transaction.atomic():
        response = PendingResponse.objects.get(pk=response_id)
        _refuse_old(response)
        if not response.response_text:
            raise ReviewConflictError(_("Nothing was done: the words of this reply were erased."))
        move_or_conflict(
            response,
            Kind.RETRIED,
            actor=actor,
            where=_after(attempts),
            text_after=response.response_text,
            changes={"retry_at": None, "approved_by": actor.name, "approved_at": Now()},
        )
        _deliver_soon()
    return response


def mark_sent(*, response_id: int, actor: Actor, attempts: int | None = None) -> PendingResponse:
    """A person saw in Telegram that a doubtful reply arrived; it takes its place in the history.

    `attempts` as in `retry`.
    """
    with transaction.atomic():
        response = PendingResponse.objects.select_related("chat").get(pk=response_id)
        # Telegram's times are whole seconds: what a client says within this one comes after it.
        sent_at = (response.claimed_at or timezone.now()).replace(microsecond=0)
        move_or_conflict(
            response,
            Kind.MARKED_SENT,
            actor=actor,
            where=_after(attempts),
            text_after=response.response_text,
            changes={"sent_at": sent_at},
        )
        record_sent_without_id(
            chat_id=response.current_chat_id,
            text=response.response_text,
            sent_at=sent_at,
            origin=f"response:{response.pk}",
        )
    return response


def is_own(response: PendingResponse, actor: Actor, rules: SandboxSettings) -> bool:
    """Four eyes: neither who proposed may approve, nor the owner of the key that did, nor a key of theirs."""
    if not rules.four_eyes:
        return False
    if response.requested_by_user_id is not None and response.requested_by_user_id == actor.account_id:
        return True
    owner_id = response.requested_by_key.created_by_id if response.requested_by_key else None
    is_owner = owner_id is not None and owner_id == actor.account_id
    # By its row, as keys get other names; the key of the environment has only its name.
    is_same_key = actor.key is not None and actor.key.pk == response.requested_by_key_id
    is_same_program = actor.user is None and actor.name == response.requested_by
    return is_owner or is_same_key or is_same_program


def is_stale_since(response: PendingResponse, seen: str) -> bool:
    """Whether the chat moved on since that snapshot (`sandbox.querysets.current_snapshot`)."""
    row: PendingResponse = PendingResponse.objects.with_staleness(since=seen).get(pk=response.pk)
    return row.is_stale


def _decide_many(
    decide: Callable[..., PendingResponse], shown: Iterable[tuple[int, int]]
) -> tuple[list[PendingResponse], list[Skipped]]:
    """Each on its own: one that cannot be decided keeps none of the others back."""
    decided: list[PendingResponse] = []
    skipped: list[Skipped] = []
    for response_id, version in shown:
        try:
            decided.append(decide(response_id=response_id, version=version))
        except SandboxError as error:
            skipped.append(Skipped(response_id, str(error)))
        except PendingResponse.DoesNotExist:
            skipped.append(Skipped(response_id, _("There is no such reply.")))
    return decided, skipped


def _as_shown(response_id: int, version: int | None) -> PendingResponse:
    """The reply with its staleness; a version that is no longer the current one is a conflict."""
    rows = PendingResponse.objects.with_staleness().select_related("chat__migrated_to", "requested_by_key")
    response: PendingResponse = rows.get(pk=response_id)
    if version is not None and version != response.version:
        raise ReviewConflictError(describe_conflict(response_id))
    return response


def _refuse_decided(response: PendingResponse) -> None:
    """Said before anything else: a reply that was sent is itself what the conversation went on with."""
    if response.status != PendingResponse.Status.PENDING:
        raise ReviewConflictError(describe_conflict(response.pk))


def _refuse_old(response: PendingResponse) -> None:
    """Words of years ago: nobody is to send them by one press."""
    if response.is_of_old_hub:
        raise ReviewConflictError(
            _("Nothing was done: the reply is the old hub's. Write a new one if it is still wanted.")
        )


def _refuse_expired(response: PendingResponse) -> None:
    if response.expires_at is not None and response.expires_at <= timezone.now():
        raise ReviewConflictError(_("Nothing was done: the reply has expired."))


def _refuse_own(response: PendingResponse, actor: Actor, rules: SandboxSettings) -> None:
    if is_own(response, actor, rules):
        raise FourEyesError(_own_words(response))


def _own_words(response: PendingResponse) -> str:
    if response.requested_by_user_id is not None:
        return _("Somebody else has to approve this reply: you wrote it.")
    return _("Somebody else has to approve this reply: your own key proposed it.")


def _refuse_stale(response: PendingResponse, *, confirm_stale: bool, seen: str | None) -> None:
    if not response.is_stale:
        return
    if not confirm_stale:
        raise StaleResponseError(
            _("The conversation went on after this reply was proposed. Read it and confirm.")
        )
    if seen is not None and is_stale_since(response, seen):
        raise StaleResponseError(
            _("The conversation went on while you were reading. Read the new messages and confirm again.")
        )


def _after(attempts: int | None) -> dict[str, int]:
    return {} if attempts is None else {"attempts": attempts}


def _change_text(response: PendingResponse, actor: Actor, text: str) -> None:
    move_or_conflict(
        response,
        Kind.EDITED,
        actor=actor,
        where={"version": response.version},
        text_before=response.response_text,
        text_after=text,
        changes={"response_text": text, "version": F("version") + 1},
    )


def _deliver_soon() -> None:
    # Robust: the decision is committed, and a broker's failure must not look like its own.
    transaction.on_commit(lambda: nudge(deliver_due_responses), robust=True)
