"""Our bots in Telegram, and how each of them fares."""

from django.db import models
from django.utils.translation import gettext_lazy as _


def webhook_path(bot_id: int) -> str:
    """Where a hub takes this bot's updates (cvgorod_hub/urls.py), below its address."""
    return f"/telegram/webhook/{bot_id}"


class TelegramBot(models.Model):
    """A bot of ours. `next_offset` moves in the transaction that stores the updates before it."""

    id = models.BigIntegerField(_("Telegram id"), primary_key=True)
    username = models.CharField(_("username"), max_length=64, blank=True, default="")
    name = models.CharField(_("name"), max_length=256, blank=True, default="")
    can_read_all_group_messages = models.BooleanField(
        _("reads all group messages"),
        default=False,
        help_text=_("With privacy mode on, the bot does not see what clients write."),
    )
    is_watched = models.BooleanField(
        _("in use"),
        default=True,
        help_text=_("Switch it off for a bot that nobody needs any more: its silence is no problem then."),
    )
    next_offset = models.BigIntegerField(_("next update"), null=True, blank=True)
    last_poll_at = models.DateTimeField(_("last heard of Telegram"), null=True, blank=True)
    last_update_at = models.DateTimeField(_("last update"), null=True, blank=True)
    # What getMe and getWebhookInfo said at `checked_at` (bots/checkup.py).
    checked_at = models.DateTimeField(_("last checked"), null=True, blank=True)
    token_refused_at = models.DateTimeField(_("token refused since"), null=True, blank=True)
    webhook_url = models.CharField(
        _("webhook"), max_length=512, blank=True, default="", help_text=_("Empty: updates are asked for.")
    )
    webhook_waiting = models.PositiveIntegerField(_("updates that wait for the webhook"), default=0)
    webhook_error = models.CharField(_("error of the webhook"), max_length=300, blank=True, default="")
    webhook_failing_since = models.DateTimeField(_("webhook fails since"), null=True, blank=True)
    # What last went wrong while asking for updates (bots/collector.py).
    poll_error = models.CharField(_("error of polling"), max_length=300, blank=True, default="")
    poll_error_at = models.DateTimeField(_("polling failed at"), null=True, blank=True)
    # 409: somebody else polls as well. Counted anew after a calm while.
    conflicts = models.PositiveIntegerField(_("conflicts with another program"), default=0)
    conflict_since = models.DateTimeField(_("conflicts since"), null=True, blank=True)
    conflict_at = models.DateTimeField(_("last conflict"), null=True, blank=True)
    # How long no update came at the most, in seconds by day; and the silence of now (bots/silence.py).
    silences = models.JSONField(default=dict, blank=True, editable=False)
    silence_began_at = models.DateTimeField(null=True, editable=False)
    silence_seconds = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "telegram_bots"
        ordering = ["id"]
        verbose_name = _("bot")
        verbose_name_plural = _("bots")

    def __str__(self) -> str:
        return f"@{self.username}" if self.username else str(self.pk)

    @property
    def delivers_elsewhere(self) -> bool:
        """Whether Telegram hands this bot's updates to a webhook that is none of a hub's."""
        return bool(self.webhook_url) and not self.webhook_url.endswith(webhook_path(self.pk))
