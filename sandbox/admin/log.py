"""Who did what to which reply, for directors; nobody changes it."""

from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cvgorod_hub.common.admin import LargeTableAdmin, excerpt
from cvgorod_hub.common.lists.csv import Column
from cvgorod_hub.common.period_filter import PeriodFilter
from sandbox.diff import text_diff
from sandbox.models import ResponseEvent

Kind = ResponseEvent.Kind
# Every kind has a colour: a label without one would show the stored word instead of its name.
KIND_COLOURS = {
    **dict.fromkeys(Kind.values, "default"),
    Kind.APPROVED: "success",
    Kind.SENT: "success",
    Kind.MARKED_SENT: "success",
    Kind.EDITED: "info",
    Kind.REJECTED: "warning",
    Kind.CANCELLED: "warning",
    Kind.WITHDRAWN: "warning",
    Kind.FAILED: "danger",
    Kind.UNKNOWN: "danger",
    Kind.RESTORED: "danger",
}


@admin.register(ResponseEvent)
class ResponseEventAdmin(LargeTableAdmin):
    list_display = ("created_at", "kind_label", "actor_name", "client", "detail_start")
    list_filter = (("created_at", PeriodFilter), "kind")
    list_filter_submit = True
    list_select_related = ("response__chat",)
    list_empty = _("Every step of every reply is written down here, from its proposal on.")
    export_columns = (
        Column(_("when"), "created_at"),
        Column(_("what happened"), "get_kind_display"),
        Column(_("who"), "actor_name"),
        Column(_("client"), lambda event: event.response.client_name or event.response.chat),
        Column(_("detail"), lambda event: gettext(event.detail) if event.detail else ""),
        Column(_("text before"), "text_before"),
        Column(_("text after"), "text_after"),
        Column(_("reply"), "response_id"),
    )
    search_fields = ("actor_name",)
    search_help_text = _("Who it was")
    fields = ("created_at", "kind", "actor_name", "reply", "detail", "texts")
    readonly_fields = ("reply", "texts")

    @display(description=_("what happened"), label=KIND_COLOURS)
    def kind_label(self, event: ResponseEvent) -> tuple[str, str]:
        return event.kind, event.get_kind_display()

    @display(description=_("client"))
    def client(self, event: ResponseEvent) -> str:
        return event.response.client_name or str(event.response.chat)

    @display(description=_("detail"))
    def detail_start(self, event: ResponseEvent) -> str:
        return excerpt(gettext(event.detail)) if event.detail else ""

    @display(description=_("reply"))
    def reply(self, event: ResponseEvent) -> str:
        url = reverse("admin:sandbox_pendingresponse_change", args=[event.response_id])
        return format_html('<a href="{}" class="underline">{}</a>', url, self.client(event))

    @display(description=_("text"))
    def texts(self, event: ResponseEvent) -> str:
        """What it was and what became of it; an edit with its changes marked."""
        changed = bool(event.text_before and event.text_after)
        context: dict[str, Any] = {
            "event": event,
            "diff": text_diff(event.text_before, event.text_after) if changed else [],
        }
        return render_to_string("sandbox/event_texts.html", context)
