"""Every update as it came."""

import json

from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.models.bots import TelegramBot


class RawUpdate(models.Model):
    """An update exactly as Telegram handed it over, kept before anything is made of it."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        PARSED = "parsed", _("stored as a message")
        IGNORED = "ignored", _("nothing to store")
        FAILED = "failed", _("could not be read")
        DISMISSED = "dismissed", _("could not be read, set aside by a person")

    bot = models.ForeignKey(
        TelegramBot, on_delete=models.PROTECT, related_name="updates", verbose_name=_("bot")
    )
    update_id = models.BigIntegerField(
        _("update"), null=True, help_text=_("Empty where Telegram's number could not be read.")
    )
    kind = models.CharField(_("kind"), max_length=64)
    # As the payload says it, so that a chat's failures can be counted; nobody has checked it.
    chat_id = models.BigIntegerField(_("chat"), null=True)
    # Text, not jsonb: jsonb refuses NUL and lone surrogates, and an update must be kept as it is.
    payload = models.TextField(_("payload"))
    parse_state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    error = models.TextField(_("error"), blank=True, default="")
    note = models.TextField(_("note"), blank=True, default="")
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    parsed_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    # Why nobody waits for it to be read any more; bots/failures.py writes it.
    dismissed_by = models.CharField(_("set aside by"), max_length=150, blank=True, default="")
    dismissed_at = models.DateTimeField(_("set aside"), null=True, blank=True)
    dismissed_reason = models.CharField(_("why set aside"), max_length=500, blank=True, default="")

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
            models.Index(
                fields=["id"], name="raw_updates_dismissed", condition=models.Q(parse_state="dismissed")
            ),
            # A B-tree, not BRIN: rows are updated once and old ones deleted, so new rows fill old pages, and
            # a page's range of times soon spans everything.
            models.Index(fields=["received_at"], name="raw_updates_received"),
            models.Index(fields=["chat_id"], name="raw_updates_chat"),
            models.Index(fields=["kind"], name="raw_updates_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.update_id}"

    def decoded(self) -> object:
        """The payload as Telegram's JSON; whatever it is, also where it is no object."""
        decoded: object = json.loads(self.payload)
        return decoded
