"""A person decides: approve, edit, reject, cancel, and what to do after a doubtful send.

Admin, API and later Telegram cards are faces of these functions. Each raises
`PendingResponse.DoesNotExist`, and ReviewConflictError when the reply is no longer where it was.
"""

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from cvgorod_hub.common.nudge import nudge
from messaging.ingest import record_sent_without_id
from sandbox.actors import Actor
from sandbox.errors import ReviewConflictError, StaleResponseError
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.tasks import deliver_response
from sandbox.texts import clean_text
from sandbox.transitions import describe_conflict, move_or_conflict

Kind = ResponseEvent.Kind


def edit(*, response_id: int, actor: Actor, text: str, version: int | None = None) -> PendingResponse:
    """Change the words of a waiting reply; the version grows, so that older approvals miss it."""
    text = clean_text(text)
    with transaction.atomic():
        response = _as_shown(response_id, version)
        if text != response.response_text:
            _change_text(response, actor, text)
    return response


def approve(
    *,
    response_id: int,
    actor: Actor,
    version: int | None = None,
    text: str | None = None,
    confirm_stale: bool = False,
) -> PendingResponse:
    """Approve exactly the text shown as `version`, or `text` in its place; delivery follows at once.

    Raises StaleResponseError when the chat moved on and `confirm_stale` is not given.
    """
    cleaned = None if text is None else clean_text(text)
    with transaction.atomic():
        response = _as_shown(response_id, version)
        _refuse_expired(response)
        if response.is_stale and not confirm_stale:
            raise StaleResponseError(
                _("The conversation went on after this reply was proposed. Read it and confirm.")
            )
        if cleaned is not None and cleaned != response.response_text:
            _change_text(response, actor, cleaned)
        move_or_conflict(
            response,
            Kind.APPROVED,
            actor=actor,
            where={"version": response.version},
            text_after=response.response_text,
            detail="stale, confirmed" if response.is_stale else "",
            changes={"approved_by": actor.name, "approved_at": timezone.now()},
        )
        _deliver_soon(response)
    return response


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
        move_or_conflict(
            response,
            Kind.RETRIED,
            actor=actor,
            where=_after(attempts),
            text_after=response.response_text,
            changes={"retry_at": None, "approved_by": actor.name, "approved_at": timezone.now()},
        )
        _deliver_soon(response)
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


def _as_shown(response_id: int, version: int | None) -> PendingResponse:
    """The reply with its staleness; a version that is no longer the current one is a conflict."""
    response: PendingResponse = PendingResponse.objects.with_staleness().get(pk=response_id)
    if version is not None and version != response.version:
        raise ReviewConflictError(describe_conflict(response_id))
    return response


def _refuse_expired(response: PendingResponse) -> None:
    if response.expires_at is not None and response.expires_at <= timezone.now():
        raise ReviewConflictError(_("Nothing was done: the reply has expired."))


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


def _deliver_soon(response: PendingResponse) -> None:
    # Robust: the decision is committed, and a broker's failure must not look like its own.
    transaction.on_commit(lambda: nudge(deliver_response, response.pk), robust=True)
