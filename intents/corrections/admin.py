"""Analyses in the admin: what each message means, corrected where it stands."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, QuerySet, Value
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cvgorod_hub.common.admin import excerpt
from cvgorod_hub.common.period_filter import PeriodFilter
from intents.corrections.correcting import PERMISSION
from intents.corrections.page import CorrectionPages
from intents.models import Intent, MessageAnalysis
from messaging.conversation_links import linked_place

# Every value has a colour: a label without one would show the stored word instead of its name.
INTENT_COLOURS = {
    Intent.CONFIRMATION: "default",
    Intent.BROADCAST: "default",
    Intent.OTHER: "default",
    Intent.COMPLAINT: "danger",
    Intent.ORDER: "success",
    Intent.QUESTION: "info",
    Intent.INTEREST: "warning",
}
URGENT = ("urgent", _("urgent"))
URGENT_COLOURS = {"urgent": "danger"}


@admin.register(MessageAnalysis)
class MessageAnalysisAdmin(CorrectionPages):
    list_display = ("said", "meaning", "sure", "source", "pattern")
    list_filter = (("message__timestamp", PeriodFilter), "intent", "sentiment", "is_urgent", "source")
    list_filter_submit = True
    list_select_related = ("message", "message__chat", "pattern")
    list_before_template = "intents/analyses_top.html"
    ordering = ("-message_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageAnalysis]:
        queryset: QuerySet[MessageAnalysis] = super().get_queryset(request)
        can_correct = Value(request.user.has_perm(PERMISSION), output_field=BooleanField())
        return queryset.defer("message__search_vector").annotate(can_correct=can_correct)

    @display(description=_("message"))
    def said(self, analysis: MessageAnalysis) -> str:
        message = analysis.message
        url = reverse("admin:messaging_message_change", args=[message.pk])
        return format_html(
            '<a href="{}">{}</a><br><small>{}</small>', url, excerpt(message.excerpt), linked_place(message)
        )

    @display(description=_("meaning"), ordering="intent")
    def meaning(self, analysis: MessageAnalysis) -> SafeString:
        can_correct = getattr(analysis, "can_correct", False)
        return render_to_string("intents/labels.html", {"analysis": analysis, "can_correct": can_correct})

    @display(description=_("confidence"), ordering="confidence")
    def sure(self, analysis: MessageAnalysis) -> str:
        return f"{analysis.confidence:.0%}"

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Sequence[str]:
        return ("sure",)
