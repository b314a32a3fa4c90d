"""Patterns and analyses in the admin, and the page where a message is tried on the patterns."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from cvgorod_hub.common.admin import LargeTableAdmin, excerpt
from intents.forms import MessagePatternForm, TryForm
from intents.models import Intent, MessageAnalysis, MessagePattern, Sentiment
from intents.pattern_pages import preview_context, verdict_context
from intents.rulebook import forget_classifier, set_aside

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
SENTIMENT_COLOURS = {
    Sentiment.NEGATIVE: "danger",
    Sentiment.POSITIVE: "success",
    Sentiment.NEUTRAL: "default",
}
PREVIEW = "_preview"
URGENT = ("urgent", _("urgent"))
URGENT_COLOURS = {"urgent": "danger"}


@admin.register(MessagePattern)
class MessagePatternAdmin(ModelAdmin):
    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("intents/patterns.css",)}

    form = MessagePatternForm
    list_display = (
        "pattern_name",
        "intent",
        "words",
        "weight",
        "priority",
        "auto_classify",
        "urgent",
        "unusable",
    )
    list_editable = ("auto_classify",)
    list_filter = ("pattern_type", "auto_classify", "is_urgent", "sender_role")
    list_per_page = 100
    search_fields = ("pattern_name", "description", "keyword_patterns")
    show_full_result_count = False
    actions_list = ("try_message",)
    actions_submit_line = ("preview",)
    change_form_outer_before_template = "intents/pattern_preview.html"
    fieldsets = (
        (None, {"fields": ("pattern_name", "description", "auto_classify")}),
        (_("When it speaks"), {
            "fields": (
                "keyword_patterns", "except_patterns", "regex_pattern", ("sender_role", "min_text_length"),
            ),
        }),
        (_("What it says"), {
            "fields": ("pattern_type", ("weight", "priority"), ("sentiment", "is_urgent")),
        }),
    )  # fmt: skip

    @display(description=_("intent"), ordering="pattern_type", label=INTENT_COLOURS)
    def intent(self, pattern: MessagePattern) -> tuple[str, str]:
        return pattern.pattern_type, pattern.get_pattern_type_display()

    @display(description=_("words and phrases"))
    def words(self, pattern: MessagePattern) -> str:
        return excerpt(", ".join(pattern.keyword_patterns) or pattern.regex_pattern, 80) or "—"

    @display(description=_("urgent"), ordering="is_urgent", label=URGENT_COLOURS)
    def urgent(self, pattern: MessagePattern) -> tuple[str, Any] | None:
        return URGENT if pattern.is_urgent else None

    @display(description=_("set aside"), label="danger")
    def unusable(self, pattern: MessagePattern) -> str:
        return " ".join(set_aside(pattern))

    @action(description=_("Try a message"), url_path="try", icon="experiment", permissions=["view"])
    def try_message(self, request: HttpRequest) -> HttpResponse:
        """A text and a sender in, the verdict and the rules behind it out; nothing is stored."""
        form = TryForm(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Try a message"),
            "form": form,
            **(verdict_context(**form.cleaned_data) if form.is_valid() else {}),
        }
        return TemplateResponse(request, "intents/try_message.html", context)

    @action(
        description=_("What would change?"),
        icon="visibility",
        attrs={"name": PREVIEW},
        permissions=["intents.change_messagepattern"],
    )
    def preview(self, request: HttpRequest, obj: MessagePattern) -> None:
        """The button beside "Save". A form sent by it is never saved, so this is never called."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        # Unfold shows the buttons of the submit line on the page of an existing row only.
        buttons = {} if object_id else {"actions_submit_line": self.get_actions_submit_line(request, 0)}
        return super().changeform_view(request, object_id, form_url, {**buttons, **(extra_context or {})})

    def get_form(
        self, request: HttpRequest, obj: MessagePattern | None = None, change: bool = False, **kwargs: Any
    ) -> type[MessagePatternForm]:
        form: type[MessagePatternForm] = super().get_form(request, obj, change, **kwargs)
        form.is_preview = PREVIEW in request.POST
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        if form.is_preview and not form.errors:
            context |= preview_context(request, form.instance)
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: MessagePattern, form: Any, change: Any) -> None:  # noqa: ANN401
        super().save_model(request, obj, form, change)
        forget_classifier()


@admin.register(MessageAnalysis)
class MessageAnalysisAdmin(LargeTableAdmin):
    list_display = ("said", "intent_label", "mood", "urgent", "sure", "source", "pattern")
    list_filter = ("intent", "sentiment", "is_urgent", "source")
    list_select_related = ("message", "message__chat", "pattern")
    ordering = ("-message_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageAnalysis]:
        queryset: QuerySet[MessageAnalysis] = super().get_queryset(request)
        return queryset.defer("message__search_vector")

    @display(description=_("message"))
    def said(self, analysis: MessageAnalysis) -> str:
        message = analysis.message
        url = reverse("admin:messaging_message_change", args=[message.pk])
        return format_html(
            '<a href="{}">{}</a><br><small>{}</small>', url, excerpt(message.excerpt), message.chat
        )

    @display(description=_("intent"), ordering="intent", label=INTENT_COLOURS)
    def intent_label(self, analysis: MessageAnalysis) -> tuple[str, str]:
        return analysis.intent, analysis.get_intent_display()

    @display(description=_("sentiment"), ordering="sentiment", label=SENTIMENT_COLOURS)
    def mood(self, analysis: MessageAnalysis) -> tuple[str, str]:
        return analysis.sentiment, analysis.get_sentiment_display()

    @display(description=_("urgent"), ordering="is_urgent", label=URGENT_COLOURS)
    def urgent(self, analysis: MessageAnalysis) -> tuple[str, Any] | None:
        return URGENT if analysis.is_urgent else None

    @display(description=_("confidence"), ordering="confidence")
    def sure(self, analysis: MessageAnalysis) -> str:
        return f"{analysis.confidence:.0%}"

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Sequence[str]:
        return ("intent_label",)
