"""Patterns and analyses in the admin, and the page where a message is tried on the patterns."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from cvgorod_hub.common.admin import excerpt
from intents.corrections.admin import INTENT_COLOURS, URGENT, URGENT_COLOURS, MessageAnalysisAdmin
from intents.llm.admin import ModelSettingsAdmin
from intents.models import MessagePattern
from intents.patterns.forms import MessagePatternForm, TryForm
from intents.patterns.pages import preview_context, verdict_context
from intents.patterns.rulebook import forget_classifier, set_aside
from intents.reclassifying.admin import ReclassificationAdmin

__all__ = ["MessageAnalysisAdmin", "MessagePatternAdmin", "ModelSettingsAdmin", "ReclassificationAdmin"]

PREVIEW = "_preview"


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
        permissions=["change"],
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
