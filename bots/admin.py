"""Approval cards and presses in the admin; raw updates, and how bots fare, have modules of their own."""

from django.contrib import admin
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from bots.models import ApprovalCard, ButtonPress
from bots.update_admin import RawUpdateAdmin as RawUpdateAdmin
from bots.voice_admin import RecordingAdmin as RecordingAdmin
from bots.watch_admin import BotMembershipAdmin as BotMembershipAdmin
from bots.watch_admin import CollectionGapAdmin as CollectionGapAdmin
from bots.watch_admin import TelegramBotAdmin as TelegramBotAdmin
from cvgorod_hub.common.admin import LargeTableAdmin, excerpt


@admin.register(ApprovalCard)
class ApprovalCardAdmin(LargeTableAdmin):
    list_empty = gettext_lazy(
        "Name a chat of your team in TELEGRAM_REVIEW_CHAT_ID: drafts appear there on cards."
    )
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
    list_empty = gettext_lazy("Each press of a card's button in Telegram is kept here with its answer.")
    list_display = ("received_at", "first_name", "last_name", "person_id", "data", "decided_at")
    fields = (*list_display, "answer", "username", "attempts")
