"""Correcting in the admin: the choice that a label opens, and what its buttons post.

Scripts ask for fragments (the header below): the choice itself, then the labels as they stand. Without
scripts the same address is a page, which leads back to where its reader came from.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from cvgorod_hub.common.admin import LargeTableAdmin
from intents.corrections.correcting import (
    PERMISSION,
    CorrectionError,
    Word,
    confirm,
    correct,
    last_word,
    take_back,
)
from intents.corrections.forms import EntityRows
from intents.corrections.labels import meaning_labels
from intents.corrections.models import AnalysisCorrection
from intents.labels import Intent, Sentiment
from intents.models import MessageAnalysis

_LATEST = 10
_FLAGS = {"1": True, "0": False}


class CorrectionPages(LargeTableAdmin):
    """The address under which a message's analysis is corrected."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.correct_view)
        name = "intents_messageanalysis_correct"
        return [path("<int:message_id>/correct/", view, name=name), *super().get_urls()]

    def correct_view(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """Show the choice, or let the posted word stand."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        if request.method != "POST":
            return self._choice(request, message_id)
        rows = None
        try:
            if "entities" in request.POST:
                rows = EntityRows(_find(message_id).entities, request.POST)
                if not rows.is_valid():
                    return self._choice(request, message_id, rows=rows, status=422)
            analysis = _carry_out(request, message_id, rows)
        except CorrectionError as error:
            return self._refuse(request, message_id, str(error))
        if _is_script(request):
            return HttpResponse(meaning_labels(analysis, can_correct=True) if analysis else "")
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(_back(request, message_id))

    def _choice(
        self,
        request: HttpRequest,
        message_id: int,
        *,
        rows: EntityRows | None = None,
        error: str = "",
        status: int = 200,
    ) -> HttpResponse:
        analysis = _find(message_id)
        rows = rows or EntityRows(analysis.entities)
        context: dict[str, Any] = {
            "analysis": analysis,
            "intents": Intent.choices,
            "sentiments": Sentiment.choices,
            "items": rows.items,
            "dates": rows.dates,
            "error": error,
            "next": _back(request, message_id),
            "said_by": _said_by(analysis),
        }
        if _is_script(request):
            return render(request, "intents/correction.html", context, status=status)
        corrections = AnalysisCorrection.objects.filter(message_id=message_id)[:_LATEST]
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What does it mean?"),
        }
        context |= {"corrections": corrections, **shared}
        return TemplateResponse(request, "intents/correction_page.html", context, status=status)

    def _refuse(self, request: HttpRequest, message_id: int, why: str) -> HttpResponse:
        if not MessageAnalysis.objects.filter(message_id=message_id).exists():
            raise Http404
        return self._choice(request, message_id, error=why, status=409)


def _carry_out(request: HttpRequest, message_id: int, rows: EntityRows | None) -> MessageAnalysis | None:
    posted, user = request.POST, request.user
    if user.is_anonymous:
        raise PermissionDenied
    if "right" in posted:
        return confirm(message_id=message_id, user=user, seen=posted["right"])
    if "take_back" in posted:
        return take_back(message_id=message_id, user=user)
    # An intent is meant whatever stood beside it; entities are what the person saw, less or more.
    about_entities = rows is not None or "without" in posted
    return correct(
        message_id=message_id,
        user=user,
        word=_word(message_id, posted, rows),
        seen=posted.get("seen", "") if about_entities else "",
    )


def _word(message_id: int, posted: QueryDict, rows: EntityRows | None) -> Word:
    if rows is not None:
        return Word(entities=rows.entities())
    if "without" in posted:
        left = [
            entity
            for number, entity in enumerate(_find(message_id).entities)
            if str(number) != posted["without"]
        ]
        return Word(entities=left)
    return Word(
        intent=posted.get("intent"),
        sentiment=posted.get("sentiment"),
        is_urgent=_FLAGS.get(posted.get("is_urgent", "")),
    )


def _find(message_id: int) -> MessageAnalysis:
    found = MessageAnalysis.objects.select_related("message", "pattern").defer("message__search_vector")
    analysis = found.filter(message_id=message_id).first()
    if analysis is None:
        raise Http404
    return analysis


def _said_by(analysis: MessageAnalysis) -> str:
    """Who says what stands, and how sure they are."""
    if analysis.source == MessageAnalysis.Source.PERSON:
        word = last_word(analysis.message_id)
        return word.actor_name if word else str(analysis.get_source_display())
    name = str(analysis.pattern or analysis.model_used or analysis.get_source_display())
    return f"{name}, {analysis.confidence:.0%}"


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _back(request: HttpRequest, message_id: int) -> str:
    """Where the reader came from, within the admin; else the message."""
    asked = request.POST.get("next") or request.GET.get("next") or request.headers.get("Referer", "")
    own = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    here = reverse("admin:intents_messageanalysis_correct", args=[message_id])
    if asked and own and here not in asked:
        return asked
    return reverse("admin:messaging_message_change", args=[message_id])
