"""Imports of history in the admin: what came from which file, into which chat."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cvgorod_hub.common.admin import ReadOnlyAdmin
from cvgorod_hub.common.lists.csv import Column
from messaging.history.models import HistoryImport

State = HistoryImport.State


@admin.register(HistoryImport)
class HistoryImportAdmin(ReadOnlyAdmin):
    list_empty = _("The command import_telegram_export brings what was said before the hub.")
    export_columns = (
        Column(_("chat"), "chat"),
        Column(_("state"), "get_state_display"),
        Column(_("messages"), "messages"),
        Column(_("added"), "added"),
        Column(_("already there"), "present"),
        Column(_("left out"), "skipped"),
        Column(_("new people"), "people_added"),
        Column(_("started"), "started_at"),
        Column(_("finished"), "finished_at"),
        Column(_("file"), "file_name"),
        Column(_("note"), "note"),
    )
    list_display = (
        "chat",
        "shown_state",
        "messages",
        "added",
        "present",
        "skipped",
        "people_added",
        "started_at",
        "file_name",
    )
    list_filter = ("state",)
    list_select_related = ("chat",)
    search_fields = ("chat__name", "export_name", "file_name", "sha256")
    fields = (
        "chat",
        "state",
        "note",
        ("messages", "added"),
        ("present", "skipped"),
        "people_added",
        ("first_at", "last_at"),
        ("started_at", "finished_at"),
        ("export_name", "export_chat_id"),
        "export_type",
        "file_name",
        "sha256",
    )

    @display(
        description=_("state"),
        ordering="state",
        label={
            State.RUNNING: "info",
            State.FINISHED: "success",
            State.STOPPED: "warning",
            State.FAILED: "danger",
        },
    )
    def shown_state(self, history_import: HistoryImport) -> tuple[str, str]:
        return history_import.state, history_import.get_state_display()
