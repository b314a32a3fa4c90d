"""One reply in the admin, the conversation beside it, and what a person decides there."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cvgorod_hub.common.admin import ReadOnlyAdmin
from messaging.conversation import latest_messages
from sandbox import review
from sandbox.actors import Actor
from sandbox.errors import SandboxError
from sandbox.models import PendingResponse
from sandbox.texts import MAX_TEXT_LENGTH

REVIEW_PERMISSION = "sandbox.review_pendingresponse"


class DecisionForm(forms.Form):
    """What the page posts: which button, the version that was shown, and what goes with it."""

    action = forms.ChoiceField(
        choices=[(name, name) for name in ("approve", "edit", "reject", "cancel", "retry", "mark_sent")]
    )
    version = forms.IntegerField()
    attempts = forms.IntegerField()
    # Not stripped or limited here: sandbox/texts.py has the rules, for every way in.
    text = forms.CharField(required=False, strip=False)
    reason = forms.CharField(required=False, max_length=500)
    confirm_stale = forms.BooleanField(required=False)


def page_context(response: PendingResponse, request: HttpRequest) -> dict[str, Any]:
    """Everything the template shows; after a refused post, with the words that were typed."""
    waiting = PendingResponse.objects.queue().exclude(pk=response.pk)
    typed = request.POST.get("text", response.response_text)
    overtaken = request.POST.get("version", str(response.version)) != str(response.version)
    return {
        "response": response,
        "conversation": latest_messages(chat_id=response.current_chat_id),
        "events": response.events.all(),
        "can_decide": request.user.has_perm(REVIEW_PERMISSION),
        "text": typed,
        # Somebody else changed the text while this one was typed: both are shown.
        "saved_meanwhile": response.response_text if overtaken and typed != response.response_text else "",
        "reason": request.POST.get("reason", ""),
        "reasons": [
            _("The price or the stock is not right"),
            _("A manager has already answered"),
            _("Not our tone"),
            _("No answer is needed"),
        ],
        "text_limit": MAX_TEXT_LENGTH,
        "next_id": waiting.values_list("pk", flat=True).first(),
    }


def decide(*, response_id: int, request: HttpRequest) -> bool:
    """Carry out the posted decision and say what came of it; False when nothing was done."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The form was incomplete; nothing was done."))
        return False
    values = form.cleaned_data
    actor = Actor.from_user(request.user)
    try:
        done = _DECISIONS[values["action"]](response_id, actor, values)
    except SandboxError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, done)
    return True


def _approve(response_id: int, actor: Actor, values: dict[str, Any]) -> str:
    review.approve(
        response_id=response_id,
        actor=actor,
        version=values["version"],
        text=values["text"],
        confirm_stale=values["confirm_stale"],
    )
    return _("Approved; the reply is being sent.")


def _edit(response_id: int, actor: Actor, values: dict[str, Any]) -> str:
    review.edit(response_id=response_id, actor=actor, text=values["text"], version=values["version"])
    return _("Saved. The reply still waits for approval.")


def _reject(response_id: int, actor: Actor, values: dict[str, Any]) -> str:
    review.reject(response_id=response_id, actor=actor, reason=values["reason"], version=values["version"])
    return _("Rejected; the agent will read the reason.")


def _cancel(response_id: int, actor: Actor, _values: dict[str, Any]) -> str:
    review.cancel(response_id=response_id, actor=actor)
    return _("Cancelled; nothing was sent.")


def _retry(response_id: int, actor: Actor, values: dict[str, Any]) -> str:
    review.retry(response_id=response_id, actor=actor, attempts=values["attempts"])
    return _("The reply is being sent again.")


def _mark_sent(response_id: int, actor: Actor, values: dict[str, Any]) -> str:
    review.mark_sent(response_id=response_id, actor=actor, attempts=values["attempts"])
    return _("Noted: the reply was sent.")


_DECISIONS: dict[str, Callable[[int, Actor, dict[str, Any]], str]] = {
    "approve": _approve,
    "edit": _edit,
    "reject": _reject,
    "cancel": _cancel,
    "retry": _retry,
    "mark_sent": _mark_sent,
}


class ReviewPage(ReadOnlyAdmin):
    """The change view of PendingResponseAdmin."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = self.get_object(request, object_id)
        if response is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, response):
            raise PermissionDenied
        if request.method == "POST":
            if not request.user.has_perm(REVIEW_PERMISSION):
                raise PermissionDenied
            if decide(response_id=response.pk, request=request):
                return self._to_next(request, response)
            response = self.get_object(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Reply for review"),
            "is_fullwidth": "1",
            **page_context(response, request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "sandbox/review.html", context)

    def _to_next(self, request: HttpRequest, decided: PendingResponse) -> HttpResponse:
        """After an approval or a rejection the next reply that waits; otherwise the same page."""
        if request.POST["action"] in {"approve", "reject"}:
            following = PendingResponse.objects.queue().values_list("pk", flat=True).first()
            if following is None:
                return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_changelist"))
            return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_change", args=[following]))
        return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_change", args=[decided.pk]))
