"""What the page of one reply shows: the conversation, the draft, what changed, who decided."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.conversation import LATEST, Conversation, read_conversation
from sandbox import review
from sandbox.actors import REVIEW_PERMISSION, Actor
from sandbox.admin.decisions import sign_snapshot
from sandbox.admin.news import News, news_since
from sandbox.admin.schedule import field_value, goes_out, quick_choices
from sandbox.diff import Segment, text_diff
from sandbox.models import PendingResponse, RejectionReason, ResponseEvent, SandboxSettings
from sandbox.texts import MAX_REASON_LENGTH, MAX_TEXT_LENGTH, trimmed

LOG_PERMISSION = "sandbox.view_responseevent"
# "Earlier messages" shows so many more each time, up to what a page still shows at once.
EARLIER_STEP = 80
MOST_SHOWN = 600

Kind = ResponseEvent.Kind
# The moves that answer "who decided, and when".
_VERDICTS = frozenset(
    {
        Kind.APPROVED,
        Kind.REJECTED,
        Kind.CANCELLED,
        Kind.WITHDRAWN,
        Kind.EXPIRED,
        Kind.RETRIED,
        Kind.MARKED_SENT,
    }
)


@dataclass(frozen=True)
class LogEntry:
    """A move of the reply, with what it changed in the text."""

    event: ResponseEvent
    diff: list[Segment]


class PreviewForm(forms.Form):
    """What is in the box and in the time field at this moment."""

    text = forms.CharField(required=False, strip=False)
    scheduled_at = forms.DateTimeField(required=False)


def find_response(response_id: str) -> PendingResponse | None:
    """The reply with all that the page and its neighbours say about it."""
    rows = PendingResponse.objects.with_staleness().with_question()
    rows = rows.select_related("chat__migrated_to", "requested_by_key")
    response: PendingResponse | None = (
        rows.filter(pk=response_id).first() if response_id.isdecimal() else None
    )
    return response


def page_context(response: PendingResponse, request: HttpRequest) -> dict[str, Any]:
    """Everything the template shows; after a refused post, with what was typed."""
    # Before the conversation is read: an approval holds for what this snapshot shows.
    seen = sign_snapshot(response.pk)
    rules = SandboxSettings.get_solo()
    conversation = read_conversation(
        chat_id=response.current_chat_id,
        limit=_asked_length(request),
        answered_id=response.current_reply_to_id,
    )
    news = news_since(conversation, snapshot=response.anchor_snapshot, at=response.created_at)
    events = list(response.events.all())
    posted = request.POST
    return {
        "response": response,
        "seen": seen,
        "is_pending": response.status == PendingResponse.Status.PENDING,
        "target": response.chat.migrated_to or response.chat,
        "can_decide": request.user.has_perm(REVIEW_PERMISSION),
        "own_proposal": review.is_own(response, Actor.from_user(request.user), rules),
        "reason": posted.get("reason", ""),
        "reasons": RejectionReason.objects.filter(is_offered=True),
        "text_limit": MAX_TEXT_LENGTH,
        "reason_limit": MAX_REASON_LENGTH,
        "quick_choices": quick_choices(chat=response.chat, rules=rules),
        "scheduled_shown": field_value(response.scheduled_at),
        "verdict": next((event for event in reversed(events) if event.kind in _VERDICTS), None),
        "log": _log(events) if request.user.has_perm(LOG_PERMISSION) else None,
        **_typed(response, posted),
        **_conversation_context(response, conversation, news, request),
        **preview_context(response, posted, rules=rules),
    }


def preview_context(
    response: PendingResponse, data: QueryDict, *, rules: SandboxSettings | None = None
) -> dict[str, Any]:
    """How the words and the time in the form differ from the agent's, and what comes of them."""
    form = PreviewForm(data if "text" in data else {"text": response.response_text})
    form.is_valid()
    text: str = form.cleaned_data.get("text", "")
    moment = form.cleaned_data.get("scheduled_at")
    if "scheduled_at" not in data or data["scheduled_at"] == field_value(response.scheduled_at):
        moment = response.scheduled_at
    goes_out_at = ""
    if moment is not None:
        rules = rules or SandboxSettings.get_solo()
        goes_out_at = goes_out(moment, chat=response.chat, rules=rules)
    return {
        "diff": text_diff(response.original_text, trimmed(text)),
        "goes_out": goes_out_at,
        "is_later": moment is not None and moment > timezone.now(),
    }


def _asked_length(request: HttpRequest) -> int:
    """How much of the conversation the address asks for, within reason."""
    asked = request.GET.get("shown", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 6
    return min(max(int(asked), LATEST), MOST_SHOWN) if is_number else LATEST


def _typed(response: PendingResponse, posted: QueryDict) -> dict[str, Any]:
    text = posted.get("text", response.response_text)
    is_decided = response.status != PendingResponse.Status.PENDING
    overtaken = posted.get("version", str(response.version)) != str(response.version)
    return {
        "text": text,
        # Somebody else changed or decided while this was typed: both are shown.
        "saved_meanwhile": response.response_text if overtaken and text != response.response_text else "",
        "lost_text": text if is_decided and trimmed(text) != response.response_text else "",
        "scheduled_at": posted.get("scheduled_at", field_value(response.scheduled_at)),
    }


def _conversation_context(
    response: PendingResponse, conversation: Conversation, news: News, request: HttpRequest
) -> dict[str, Any]:
    shown = len(conversation.said)
    earlier = request.GET.copy()
    earlier["shown"] = str(min(shown + EARLIER_STEP, MOST_SHOWN))
    return {
        "conversation": conversation,
        "earlier_url": f"?{earlier.urlencode()}" if shown < MOST_SHOWN else "",
        "answered_id": conversation.answered.pk if conversation.answered else None,
        "line_before_id": news.said[0].pk if news.said else None,
        "line_text": _("after this draft was proposed"),
        "changed_ids": {message.pk for message in news.changed},
        "changed_text": _("Changed after this draft was proposed"),
        "news": news.sentence if response.is_stale else "",
        "meaning": _meaning(response, conversation),
    }


def _meaning(response: PendingResponse, conversation: Conversation) -> object | None:
    """What the client wants: the analysis of their last message, or of the one that the draft answers."""
    last = next((said.message for said in conversation.said if said.message.pk == response.question_id), None)
    analyses = (getattr(message, "analysis", None) for message in (last, conversation.answered))
    return next((analysis for analysis in analyses if analysis is not None), None)


def _log(events: list[ResponseEvent]) -> list[LogEntry]:
    return [
        LogEntry(event, text_diff(event.text_before, event.text_after) if event.kind == Kind.EDITED else [])
        for event in events
    ]
