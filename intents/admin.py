"""Patterns and analyses in the admin, and the page where a message is tried on the patterns."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from cvgorod_hub.common.admin import ListAdmin, excerpt
from cvgorod_hub.common.lists.csv import Column
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
class MessagePatternAdmin(ListAdmin):
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
    list_filter = ("auto_classify", "pattern_type", "is_urgent", "sender_role")
    list_empty = _("Without a pattern every message is “other”. A pattern is words, and what they speak for.")
    sortable_by = ("pattern_name", "intent", "weight", "priority")
    list_per_page = 30  # each is read by the classifier, to say whether it can be used
    search_fields = ("pattern_name", "description", "keyword_patterns")
    search_help_text = _("Name, description or a word of the pattern")
    export_columns = (
        Column(_("name"), "pattern_name"),
        Column(_("intent"), "get_pattern_type_display"),
        Column(_("words and phrases"), lambda pattern: ", ".join(pattern.keyword_patterns)),
        Column(_("but not with"), lambda pattern: ", ".join(pattern.except_patterns)),
        Column(_("regular expression"), "regex_pattern"),
        Column(_("only when sent by"), "sender_role"),
        Column(_("weight"), "weight"),
        Column(_("priority"), "priority"),
        Column(_("sentiment"), "get_sentiment_display"),
        Column(_("urgent"), "is_urgent"),
        Column(_("in use"), "auto_classify"),
        Column(_("description"), "description"),
    )
    actions = ("switch_on", "switch_off")
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

    @action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[MessagePattern]) -> None:
        self._switch(request, queryset, is_on=True)

    @action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[MessagePattern]) -> None:
        self._switch(request, queryset, is_on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[MessagePattern], *, is_on: bool) -> None:
        """Those that are not so yet; each is in its history."""
        changed = list(queryset.exclude(auto_classify=is_on))
        for pattern in changed:
            pattern.auto_classify = is_on
            pattern.save(update_fields=["auto_classify", "updated_at"])
            self.log_change(request, pattern, gettext("Switched on") if is_on else gettext("Switched off"))
        forget_classifier()
        text = ngettext(
            "%(count)d pattern is switched on.", "%(count)d patterns are switched on.", len(changed)
        )
        if not is_on:
            text = ngettext(
                "%(count)d pattern is switched off.", "%(count)d patterns are switched off.", len(changed)
            )
        messages.success(request, text % {"count": len(changed)})

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
