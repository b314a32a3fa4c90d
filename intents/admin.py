"""Patterns and analyses in the admin, and the page where a message is tried on the patterns."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from clients.models import UserRole
from cvgorod_hub.common.admin import excerpt
from intents.corrections.admin import INTENT_COLOURS, URGENT, URGENT_COLOURS, MessageAnalysisAdmin
from intents.forms import MessagePatternForm, TryForm
from intents.model_admin import ModelSettingsAdmin
from intents.models import Intent, MessagePattern, Sentiment
from intents.reclassifying.admin import ReclassificationAdmin
from intents.rulebook import forget_classifier, load_classifier

__all__ = ["MessageAnalysisAdmin", "MessagePatternAdmin", "ModelSettingsAdmin", "ReclassificationAdmin"]


@admin.register(MessagePattern)
class MessagePatternAdmin(ModelAdmin):
    form = MessagePatternForm
    list_display = ("pattern_name", "intent", "words", "weight", "priority", "auto_classify", "urgent")
    list_editable = ("auto_classify",)
    list_filter = ("pattern_type", "auto_classify", "is_urgent", "sender_role")
    list_per_page = 100
    search_fields = ("pattern_name", "description", "keyword_patterns")
    show_full_result_count = False
    actions_list = ("try_message",)
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

    @action(description=_("Try a message"), url_path="try", icon="experiment", permissions=["view"])
    def try_message(self, request: HttpRequest) -> HttpResponse:
        """A text and a sender in, the verdict and the rules behind it out; nothing is stored."""
        form = TryForm(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Try a message"),
            "form": form,
            **(_verdict(**form.cleaned_data) if form.is_valid() else {}),
        }
        return TemplateResponse(request, "intents/try_message.html", context)

    def save_model(self, request: HttpRequest, obj: MessagePattern, form: Any, change: Any) -> None:  # noqa: ANN401
        super().save_model(request, obj, form, change)
        forget_classifier()


def _verdict(*, text: str, sender_role: UserRole) -> dict[str, object]:
    """What the page shows of a verdict: Russian or English names instead of labels."""
    classifier = load_classifier()
    verdict = classifier.classify(text, sender_role.role_name)
    voices = classifier.explain(text, sender_role.role_name)
    rows = [
        (
            format_html(
                '<a href="{}">{}</a>',
                reverse("admin:intents_messagepattern_change", args=[voice.rule.id]),
                voice.rule.name,
            ),
            Intent(voice.rule.intent).label if voice.weight else "—",
            f"{voice.weight:+.2g}" if voice.weight else "0",
            voice.words or "—",
        )
        for voice in voices
    ]
    return {
        "intent": Intent(verdict.intent).label,
        "sentiment": Sentiment(verdict.sentiment).label,
        "is_urgent": verdict.is_urgent,
        "confidence": f"{verdict.confidence:.0%}",
        "reasons": {
            "headers": [_("pattern"), _("speaks for"), _("weight"), _("words of the message")],
            "rows": rows,
        },
    }
