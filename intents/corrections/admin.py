"""Analyses in the admin: what each message means, corrected where it stands."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, F, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cvgorod_hub.common.admin import excerpt
from cvgorod_hub.common.dates import local_time
from cvgorod_hub.common.lists.changelist import HubChangeList
from cvgorod_hub.common.lists.csv import Column
from cvgorod_hub.common.lists.filters import OneOfManyFilter
from cvgorod_hub.common.period_filter import PeriodFilter
from intents.corrections.correcting import PERMISSION
from intents.corrections.labels import meaning_labels
from intents.corrections.page import CorrectionPages
from intents.entities.words import entity_in_words
from intents.models import Intent, MessageAnalysis
from messaging.conversation_links import linked_place
from messaging.name_search import compiled_for
from messaging.querysets import Matches
from messaging.search.plans import plan

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
    list_display = ("said_at", "said", "meaning", "sure", "source", "pattern")
    list_filter = (
        ("message__timestamp", PeriodFilter),
        ("message__chat", OneOfManyFilter),
        "intent",
        "sentiment",
        "is_urgent",
        "source",
    )
    list_filter_submit = True
    list_select_related = ("message", "message__chat", "message__user__role", "pattern")
    list_before_template = "intents/analyses_top.html"
    list_empty = _("What a message means is said here as soon as one with words arrives.")
    search_fields = ("message__text",)
    search_help_text = _("Words in any form, «phrases» in quotes, -word to leave out.")
    # By the message's time: history that was imported has newer keys and older words.
    page_key = ("message__timestamp", "message_id")
    export_columns = (
        Column(_("time"), "message.timestamp"),
        Column(_("chat"), "message.chat"),
        Column(_("author"), "message.user"),
        Column(_("text"), "message.text"),
        Column(_("transcript"), "message.transcript"),
        Column(_("intent"), "get_intent_display"),
        Column(_("sentiment"), "get_sentiment_display"),
        Column(_("urgent"), "is_urgent"),
        Column(_("confidence, %"), lambda analysis: round(analysis.confidence * 100)),
        Column(_("what it is about"), lambda analysis: ", ".join(map(entity_in_words, analysis.entities))),
        Column(_("said by"), "get_source_display"),
        Column(_("pattern"), "pattern"),
        Column(_("model"), "model_used"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageAnalysis]:
        queryset: QuerySet[MessageAnalysis] = super().get_queryset(request)
        can_correct = Value(request.user.has_perm(PERMISSION), output_field=BooleanField())
        return queryset.defer("message__search_vector").annotate(can_correct=can_correct)

    def counts_choices(self, changelist: HubChangeList) -> bool:
        """Of a frequent word the search reads messages until a page is full; to count would mean all."""
        return not changelist.query or plan(compiled_for(changelist.request, changelist.query)) is None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MessageAnalysis], search_term: str
    ) -> tuple[QuerySet[MessageAnalysis], bool]:
        """The search of messages."""
        if not search_term.strip():
            return queryset, False
        query = compiled_for(request, search_term)
        if not query:
            return queryset.none(), False
        found = queryset.filter(Matches(F("message__search_vector"), query.expression()))
        if plan(query):
            return found, False
        # As `MessageQuerySet.by_index()`: the index of words first, whatever PostgreSQL thinks of them.
        return found.filter(message__id=F("message__id") + 0).filter(message__id=0 + F("message__id")), False

    @display(description=_("time"))
    def said_at(self, analysis: MessageAnalysis) -> str:
        return format_html('<span class="nowrap">{}</span>', local_time(analysis.message.timestamp))

    @display(description=_("message"))
    def said(self, analysis: MessageAnalysis) -> str:
        message = analysis.message
        url = reverse("admin:messaging_message_change", args=[message.pk])
        return format_html(
            '<span class="list-words"><a href="{}">{}</a><span class="list-small">{}</span></span>',
            url,
            excerpt(message.text or message.transcript, 200) or message.excerpt,
            linked_place(message),
        )

    @display(description=_("meaning"), ordering="intent")
    def meaning(self, analysis: MessageAnalysis) -> SafeString:
        can_correct = getattr(analysis, "can_correct", False)
        return meaning_labels(analysis, can_correct=can_correct)

    @display(description=_("confidence"), ordering="confidence")
    def sure(self, analysis: MessageAnalysis) -> str:
        return f"{analysis.confidence:.0%}"

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Sequence[str]:
        return ("said_at",)
