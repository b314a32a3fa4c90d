"""Bots and how they fare, in the admin: their state, their places in chats, gaps in collecting."""

from datetime import datetime

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from bots.models import BotMembership, CollectionGap, TelegramBot
from cvgorod_hub.common.admin import ReadOnlyAdmin

Status = BotMembership.Status
STATUS_COLOURS = {
    "": "default",
    **dict.fromkeys(Status.values, "default"),
    Status.CREATOR: "success",
    Status.ADMINISTRATOR: "success",
    Status.LEFT: "danger",
    Status.KICKED: "danger",
}


class WatchedAdmin(ReadOnlyAdmin):
    """Written by the hub; a person only says what is dealt with, by an action."""

    def has_settle_permission(self, request: HttpRequest) -> bool:
        codename = f"change_{self.opts.model_name}"
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")


@admin.register(TelegramBot)
class TelegramBotAdmin(ReadOnlyAdmin):
    list_empty = _("A bot stands here as soon as the collector has started with its token.")
    list_display = (
        "__str__",
        "name",
        "can_read_all_group_messages",
        "last_poll_at",
        "last_update_at",
        "is_watched",
    )
    fieldsets = (
        (None, {"fields": ("id", "username", "name", "is_watched", "can_read_all_group_messages")}),
        (
            _("Updates"),
            {"fields": ("last_update_at", "last_poll_at", "checked_at", "token_refused_at", "next_offset")},
        ),
        (
            _("Webhook"),
            {"fields": ("webhook_url", "webhook_waiting", "webhook_error", "webhook_failing_since")},
        ),
        (
            _("Troubles of polling"),
            {"fields": ("poll_error", "poll_error_at", "conflicts", "conflict_since", "conflict_at")},
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("bots.change_telegrambot")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """A person only says whether the bot is in use; everything else comes from Telegram."""
        names = [field for _title, group in self.fieldsets for field in group["fields"]]
        return [name for name in names if name != "is_watched"]

    def save_model(
        self, request: HttpRequest, obj: TelegramBot, form: "ModelForm[TelegramBot]", change: bool
    ) -> None:
        """Only what was changed: the collector writes the other columns at the same time."""
        obj.save(update_fields=form.changed_data or ["is_watched"])


@admin.register(BotMembership)
class BotMembershipAdmin(WatchedAdmin):
    list_empty = _("Add the bot to a group: the group stands here with what the bot may do in it.")
    list_display = ("chat", "bot", "state", "changed_at", "accepted_at", "accepted_by")
    list_filter = ("status", "bot", ("accepted_at", admin.EmptyFieldListFilter))
    list_select_related = ("chat", "bot", "accepted_by")
    fields = ("chat", "bot", "status", "changed_at", "checked_at", "accepted_at", "accepted_by")
    actions = ("accept",)

    @display(description=_("state"), ordering="status", label=STATUS_COLOURS)
    def state(self, membership: BotMembership) -> tuple[str, str]:
        return membership.status, membership.get_status_display() or str(_("unknown"))

    @action(description=_("It is meant so"), permissions=["settle"])
    def accept(self, request: HttpRequest, queryset: QuerySet[BotMembership]) -> None:
        count = queryset.filter(accepted_at__isnull=True).update(
            accepted_at=Now(), accepted_by=request.user.pk
        )
        text = ngettext("%(count)d chat is meant so.", "%(count)d chats are meant so.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(CollectionGap)
class CollectionGapAdmin(WatchedAdmin):
    list_empty = _("Nothing was missed: when the collector stands still for long, that is kept here.")
    list_display = ("began_at", "ended_at", "bot", "losses", "why", "resolved_at", "resolved_by")
    list_filter = ("has_losses", ("resolved_at", admin.EmptyFieldListFilter), "bot")
    list_select_related = ("bot", "resolved_by")
    fields = ("bot", "began_at", "ended_at", "may_lack", "lost_to", "why", "resolved_at", "resolved_by")
    readonly_fields = ("may_lack", "lost_to", "why")
    actions = ("resolve",)

    @display(
        description=_("messages may be missing"),
        ordering="has_losses",
        label={"lost": "danger", "none": "success"},
    )
    def losses(self, gap: CollectionGap) -> tuple[str, str]:
        return ("lost", str(_("yes"))) if gap.has_losses else ("none", str(_("no")))

    @display(description=_("messages may be missing"))
    def may_lack(self, gap: CollectionGap) -> str:
        """The same on the gap's own page, where Unfold shows no coloured labels."""
        return self.losses(gap)[1]

    @display(description=_("missing until"))
    def lost_to(self, gap: CollectionGap) -> datetime | None:
        return gap.lost_until if gap.has_losses else None

    @display(description=_("reason"), ordering="reason")
    def why(self, gap: CollectionGap) -> str:
        return gettext(gap.reason) if gap.reason else ""

    @action(description=_("Mark as dealt with"), permissions=["settle"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[CollectionGap]) -> None:
        count = queryset.filter(resolved_at__isnull=True).update(
            resolved_at=Now(), resolved_by=request.user.pk
        )
        text = ngettext("%(count)d gap is dealt with.", "%(count)d gaps are dealt with.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
