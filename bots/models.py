"""Telegram's edge: our bots, and every update as it came."""

import json

from django.db import models
from django.utils.translation import gettext_lazy as _


class TelegramBot(models.Model):
    """A bot of ours. `next_offset` moves in the transaction that stores the updates before it."""

    id = models.BigIntegerField(_("Telegram id"), primary_key=True)
    username = models.CharField(_("username"), max_length=64, blank=True, default="")
    name = models.CharField(_("name"), max_length=256, blank=True, default="")
    can_read_all_group_messages = models.BooleanField(
        _("reads all group messages"),
        default=False,
        help_text=_("Privacy mode is off. With it on, the bot does not see what clients write."),
    )
    next_offset = models.BigIntegerField(_("next update"), null=True, blank=True)
    last_poll_at = models.DateTimeField(_("last heard of Telegram"), null=True, blank=True)
    last_update_at = models.DateTimeField(_("last update"), null=True, blank=True)

    class Meta:
        db_table = "telegram_bots"
        ordering = ["id"]
        verbose_name = _("bot")
        verbose_name_plural = _("bots")

    def __str__(self) -> str:
        return f"@{self.username}" if self.username else str(self.pk)


class RawUpdate(models.Model):
    """An update exactly as Telegram handed it over, kept before anything is made of it."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        PARSED = "parsed", _("stored as a message")
        IGNORED = "ignored", _("nothing to store")
        FAILED = "failed", _("could not be read")

    bot = models.ForeignKey(
        TelegramBot, on_delete=models.PROTECT, related_name="updates", verbose_name=_("bot")
    )
    update_id = models.BigIntegerField(
        _("update"), null=True, help_text=_("Empty where Telegram's number could not be read.")
    )
    kind = models.CharField(_("kind"), max_length=64)
    # Text, not jsonb: jsonb refuses NUL and lone surrogates, and an update must be kept as it is.
    payload = models.TextField(_("payload"))
    parse_state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    error = models.TextField(_("error"), blank=True, default="")
    note = models.TextField(_("note"), blank=True, default="")
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    parsed_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        db_table = "raw_updates"
        ordering = ["-id"]
        verbose_name = _("raw update")
        verbose_name_plural = _("raw updates")
        constraints = [
            models.UniqueConstraint(fields=["bot", "update_id"], name="raw_updates_bot_update"),
        ]
        indexes = [
            models.Index(
                fields=["id"], name="raw_updates_pending", condition=models.Q(parse_state="pending")
            ),
            models.Index(fields=["id"], name="raw_updates_failed", condition=models.Q(parse_state="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.update_id}"

    def decoded(self) -> object:
        """The payload as Telegram's JSON; whatever it is, also where it is no object."""
        decoded: object = json.loads(self.payload)
        return decoded
