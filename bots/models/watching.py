"""What the hub notices about a bot: its places in chats, and when nobody took its updates."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from bots.models.bots import TelegramBot
from messaging.models import Chat

# Bot API, getting updates: "Incoming updates are stored on the server until the bot receives them ...,
# but they will not be kept longer than 24 hours", counted from the message's own time.
UPDATES_KEPT_FOR = timedelta(hours=24)
# The reason of a gap that a restore from a backup leaves. Stored in English; pages translate it.
RESTORED = gettext_noop("the hub was restored from a backup")


class BotMembership(models.Model):
    """What a bot of ours is in a group or channel, as Telegram last said (getChatMember)."""

    class Status(models.TextChoices):
        CREATOR = "creator", _("owner")
        ADMINISTRATOR = "administrator", _("administrator")
        MEMBER = "member", _("member")
        RESTRICTED = "restricted", _("restricted")
        LEFT = "left", _("not in the chat")
        KICKED = "kicked", _("removed")

    bot = models.ForeignKey(
        TelegramBot, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("bot")
    )
    chat = models.ForeignKey(
        Chat, on_delete=models.CASCADE, related_name="bot_memberships", verbose_name=_("chat")
    )
    # Empty where Telegram does not know the bot there: another bot's chat, or one of an import.
    status = models.CharField(_("state"), max_length=16, choices=Status, blank=True, default="")
    changed_at = models.DateTimeField(_("since"), null=True, blank=True)
    checked_at = models.DateTimeField(_("asked"))
    accepted_at = models.DateTimeField(
        _("accepted"), null=True, blank=True, help_text=_("A person said that it is meant so.")
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("accepted by"),
    )

    # In these states a bot neither reads nor writes there.
    GONE = (Status.LEFT, Status.KICKED)

    class Meta:
        db_table = "bot_memberships"
        ordering = ["-changed_at", "id"]
        verbose_name = _("bot in a chat")
        verbose_name_plural = _("bots in chats")
        constraints = [
            models.UniqueConstraint(fields=["bot", "chat"], name="bot_memberships_once"),
        ]
        indexes = [
            models.Index(
                fields=["bot", "status"],
                name="bot_memberships_unaccepted",
                condition=models.Q(accepted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bot_id}, {self.chat_id}: {self.get_status_display()}"


class CollectionGap(models.Model):
    """From `began_at` to `ended_at` nobody took the bot's updates; Telegram keeps them for 24 hours only.

    Shorter ones (from five minutes on) lost nothing. A longer one lost what was written before
    `ended_at` - 24 h, and waits until a person says that it is dealt with.
    """

    bot = models.ForeignKey(TelegramBot, on_delete=models.CASCADE, related_name="gaps", verbose_name=_("bot"))
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"))
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    has_losses = models.BooleanField(_("messages may be missing"), default=False)
    resolved_at = models.DateTimeField(_("dealt with"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("dealt with by"),
    )

    class Meta:
        db_table = "collection_gaps"
        ordering = ["-ended_at", "-id"]
        verbose_name = _("gap in collecting")
        verbose_name_plural = _("gaps in collecting")
        constraints = [
            # Whoever notices the same gap twice notes it once.
            models.UniqueConstraint(fields=["bot", "began_at"], name="collection_gaps_once"),
        ]
        indexes = [
            models.Index(
                fields=["ended_at"],
                name="collection_gaps_open",
                condition=models.Q(has_losses=True, resolved_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bot_id}: {self.began_at:%Y-%m-%d %H:%M} - {self.ended_at:%Y-%m-%d %H:%M}"

    @property
    def lost_until(self) -> datetime:
        """Messages written from `began_at` to this time were no longer kept when collecting went on.

        After a restore Telegram has none of those that were confirmed before it.
        """
        if self.reason == RESTORED:
            return self.ended_at
        return max(self.began_at, self.ended_at - UPDATES_KEPT_FOR)
