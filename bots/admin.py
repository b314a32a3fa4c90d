"""Bots, raw updates and approval cards in the admin: what could not be read is seen here, and read again."""

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display

from bots.models import ApprovalCard, ButtonPress, RawUpdate
from bots.updates import replay_updates
from bots.watch_admin import BotMembershipAdmin as BotMembershipAdmin
from bots.watch_admin import CollectionGapAdmin as CollectionGapAdmin
from bots.watch_admin import TelegramBotAdmin as TelegramBotAdmin
from cvgorod_hub.common.admin import LargeTableAdmin, excerpt

State = RawUpdate.State


@admin.register(RawUpdate)
class RawUpdateAdmin(LargeTableAdmin):
    list_display = ("update_id", "kind", "state", "problem", "bot", "received_at")
    list_filter = ("parse_state", "kind", "bot")
    list_select_related = ("bot",)
    fields = (
        "bot",
        "update_id",
        "kind",
        "parse_state",
        "error",
        "note",
        "received_at",
        "parsed_at",
        "content",
    )
    readonly_fields = ("content",)
    actions = ("replay",)

    @display(
        description=gettext_lazy("state"),
        ordering="parse_state",
        label={State.FAILED: "danger", State.PARSED: "success", State.PENDING: "warning"},
    )
    def state(self, update: RawUpdate) -> tuple[str, str]:
        return update.parse_state, update.get_parse_state_display()

    @display(description=gettext_lazy("error"))
    def problem(self, update: RawUpdate) -> str:
        return excerpt(update.error or update.note)

    @display(description=gettext_lazy("payload"))
    def content(self, update: RawUpdate) -> str:
        try:
            pretty = json.dumps(update.decoded(), ensure_ascii=False, indent=2)
        except RecursionError:
            pretty = update.payload  # nested too deep to lay out
        shown = pretty.encode("utf-8", "replace").decode()
        return format_html('<pre style="white-space: pre-wrap; overflow-wrap: anywhere">{}</pre>', shown)

    @action(description=gettext_lazy("Read again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[RawUpdate]) -> None:
        taken = queryset.count()  # before: what is read leaves the filter of failed ones
        failed = replay_updates(queryset)
        if failed:
            text = ngettext(
                "%(failed)d update still cannot be read.", "%(failed)d updates still cannot be read.", failed
            )
            self.message_user(request, text % {"failed": failed}, messages.WARNING)
        else:
            self.message_user(request, _("Read again: %(count)d.") % {"count": taken}, messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_rawupdate")


@admin.register(ApprovalCard)
class ApprovalCardAdmin(LargeTableAdmin):
    list_display = (
        "response",
        "status",
        "version",
        "attempts",
        "problem",
        "sent_at",
        "changed_at",
        "closed_at",
    )
    list_select_related = ("response",)
    fields = (*list_display[:4], "chat_id", "message_id", "last_error", *list_display[5:], "next_try_at")

    @display(description=gettext_lazy("error"))
    def problem(self, card: ApprovalCard) -> str:
        return excerpt(card.last_error)


@admin.register(ButtonPress)
class ButtonPressAdmin(LargeTableAdmin):
    list_display = ("received_at", "first_name", "last_name", "person_id", "data", "decided_at")
    fields = (*list_display, "answer", "username", "attempts")
