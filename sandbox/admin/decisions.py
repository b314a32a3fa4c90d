"""What a person decides on the page of one reply: the posted form, read and carried out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sandbox import review
from sandbox.actors import Actor
from sandbox.admin.schedule import field_value, in_words
from sandbox.errors import SandboxError
from sandbox.models import PendingResponse, RejectionReason
from sandbox.querysets import current_snapshot
from sandbox.texts import MAX_REASON_LENGTH

# Decisions after which the person goes on to the next reply.
CLOSING = frozenset({"approve", "reject"})
_SEEN_SALT = "sandbox.review.seen"


class UnreadableFormError(SandboxError):
    """What was posted is not what the page sends."""

    code = "unreadable_form"


class DecisionForm(forms.Form):
    """What the page posts: which button, what it was shown, and what goes with it."""

    action = forms.ChoiceField(
        required=False,
        choices=[(name, name) for name in ("approve", "edit", "reject", "cancel", "retry", "mark_sent")],
    )
    version = forms.IntegerField()
    attempts = forms.IntegerField()
    seen = forms.CharField()
    # Not stripped or limited here: sandbox/texts.py has the rules, for every way in.
    text = forms.CharField(required=False, strip=False)
    reason = forms.CharField(required=False, max_length=MAX_REASON_LENGTH)
    # A rejection by one click.
    reason_choice = forms.ModelChoiceField(
        RejectionReason.objects.filter(is_offered=True),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("This reason is not offered any more.")},
    )
    confirm_stale = forms.BooleanField(required=False)
    scheduled_at = forms.DateTimeField(
        required=False,
        error_messages={"invalid": gettext_lazy("The time to send at cannot be read.")},
    )
    scheduled_shown = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if chosen := values.get("reason_choice"):
            values["action"], values["reason"] = "reject", chosen.text
        if not values.get("action"):
            self.add_error("action", "")
        return values


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was decided, and the sentence that says so."""

    action: str
    sentence: str


def sign_snapshot(response_id: int) -> str:
    """What the database shows now, for the form: take it before the conversation is read."""
    return signing.dumps([response_id, current_snapshot()], salt=_SEEN_SALT)


def decide(*, response: PendingResponse, actor: Actor, data: Any) -> Done:  # noqa: ANN401  (a QueryDict)
    """Carry out the posted decision; raises SandboxError with the sentence that says why not."""
    values = _read(DecisionForm(data))
    sentence = _DECISIONS[values["action"]](response, actor, values)
    who = response.client_name or str(response.chat)
    return Done(action=values["action"], sentence=f"{who}: {sentence}")


def _read(form: DecisionForm) -> dict[str, Any]:
    if form.is_valid():
        return form.cleaned_data
    for name in ("scheduled_at", "reason_choice"):
        for sentence in form.errors.get(name, ()):
            raise UnreadableFormError(_("%(why)s Nothing was done.") % {"why": sentence})
    raise UnreadableFormError(_("The form was incomplete; nothing was done."))


def _seen(response: PendingResponse, signed: str) -> str:
    try:
        response_id, snapshot = signing.loads(signed, salt=_SEEN_SALT)
    except (signing.BadSignature, ValueError):
        response_id, snapshot = None, ""
    if response_id != response.pk:
        raise UnreadableFormError(
            _("Nothing was done: this form was changed on its way. Read the conversation and decide again.")
        )
    return str(snapshot)


def _scheduled(values: dict[str, Any]) -> datetime | review.Unchanged | None:
    """The time asked for; a field that nobody touched leaves it as it was proposed."""
    moment: datetime | None = values["scheduled_at"]
    if field_value(moment) == values["scheduled_shown"]:
        return review.Unchanged.TIME
    if moment is not None and moment <= timezone.now():
        raise UnreadableFormError(_("The time to send at has passed. Nothing was done."))
    return moment


def _approve(response: PendingResponse, actor: Actor, values: dict[str, Any]) -> str:
    approved = review.approve(
        response_id=response.pk,
        actor=actor,
        version=values["version"],
        text=values["text"],
        confirm_stale=values["confirm_stale"],
        seen=_seen(response, values["seen"]),
        scheduled_at=_scheduled(values),
    )
    if approved.scheduled_at is not None and approved.scheduled_at > timezone.now():
        return _("approved, goes out %(when)s.") % {"when": in_words(approved.scheduled_at)}
    return _("approved, is being sent.")


def _edit(response: PendingResponse, actor: Actor, values: dict[str, Any]) -> str:
    review.edit(response_id=response.pk, actor=actor, text=values["text"], version=values["version"])
    return _("saved, still waits for approval.")


def _reject(response: PendingResponse, actor: Actor, values: dict[str, Any]) -> str:
    review.reject(response_id=response.pk, actor=actor, reason=values["reason"], version=values["version"])
    return _("rejected; the agent will read the reason.")


def _cancel(response: PendingResponse, actor: Actor, _values: dict[str, Any]) -> str:
    review.cancel(response_id=response.pk, actor=actor)
    return _("cancelled; nothing was sent.")


def _retry(response: PendingResponse, actor: Actor, values: dict[str, Any]) -> str:
    review.retry(response_id=response.pk, actor=actor, attempts=values["attempts"])
    return _("is being sent again.")


def _mark_sent(response: PendingResponse, actor: Actor, values: dict[str, Any]) -> str:
    review.mark_sent(response_id=response.pk, actor=actor, attempts=values["attempts"])
    return _("noted as sent.")


_DECISIONS: dict[str, Callable[[PendingResponse, Actor, dict[str, Any]], str]] = {
    "approve": _approve,
    "edit": _edit,
    "reject": _reject,
    "cancel": _cancel,
    "retry": _retry,
    "mark_sent": _mark_sent,
}
