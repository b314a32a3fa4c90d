"""Chats, as Telegram told them."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from messaging.querysets import ChatQuerySet


def validate_time_zone(name: str) -> None:
    """Raises ValidationError where it is not a name of the IANA database."""
    if name not in available_timezones():
        raise ValidationError(_("There is no such time zone; one is Asia/Vladivostok."))


class Chat(models.Model):
    """A conversation. `id` is Telegram's: negative for groups, channels; positive for people."""

    class Type(models.TextChoices):
        PRIVATE = "private", _("private")
        GROUP = "group", _("group")
        SUPERGROUP = "supergroup", _("supergroup")
        CHANNEL = "channel", _("channel")

    class ReplyMode(models.TextChoices):
        DRAFT = "draft", _("drafts for review")
        OFF = "off", _("off")

    id = models.BigIntegerField(_("Telegram id"), primary_key=True)
    name = models.CharField(_("name"), max_length=256, blank=True, default="")
    chat_type = models.CharField(_("type"), max_length=16, choices=Type)
    folder = models.CharField(_("folder"), max_length=100, blank=True, default="")
    is_active = models.BooleanField(_("reachable"), default=True, help_text=_("The bot can write here."))
    unreachable_reason = models.CharField(
        _("why it cannot be reached"), max_length=300, blank=True, default="", editable=False
    )
    reply_mode = models.CharField(
        _("agent's replies"),
        max_length=16,
        choices=ReplyMode,
        default=ReplyMode.DRAFT,
        help_text=_("Switched off, the agent's proposals for this chat are refused."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        default="",
        validators=[validate_time_zone],
        help_text=_("Where the client works, for example Asia/Vladivostok; empty: the hub's."),
    )
    members_count = models.PositiveIntegerField(_("members"), null=True, blank=True)
    migrated_to = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="migrated_from",
        verbose_name=_("continued in"),
    )
    customer_ref = models.CharField(
        _("customer in 1C"),
        max_length=64,
        blank=True,
        default="",
        help_text=_("For example КА-00003484."),
    )
    last_message_at = models.DateTimeField(_("last message"), null=True, blank=True)
    waiting_since = models.DateTimeField(
        _("waiting since"),
        null=True,
        blank=True,
        help_text=_("The client's first message that nobody has answered yet."),
    )
    membership_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When Telegram last said whether the bot is in the chat.")
    )
    # The newest sight of this chat in an update: its name is from then, and the bot was in it.
    seen_at = models.DateTimeField(null=True, editable=False)
    # Our newest answer; what a client said after it waits. Kept by messaging/activity.py.
    answered_at = models.DateTimeField(null=True, editable=False)
    answered_message_id = models.BigIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ChatQuerySet.as_manager()

    class Meta:
        db_table = "chats"
        ordering = ["-last_message_at", "-id"]
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        indexes = [
            models.Index(fields=["last_message_at", "id"], name="chats_last_message"),
            models.Index(fields=["created_at", "id"], name="chats_created"),
            models.Index(
                fields=["waiting_since"],
                name="chats_waiting",
                condition=models.Q(waiting_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.pk)
