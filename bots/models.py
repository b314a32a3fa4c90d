"""Telegram's edge: our bots, every update as it came, and the approval cards in the review chat."""

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from messaging.models import Chat
from sandbox.models import PendingResponse

# Bot API, getting updates: "Incoming updates are stored on the server until the bot receives them ...,
# but they will not be kept longer than 24 hours", counted from the message's own time.
UPDATES_KEPT_FOR = timedelta(hours=24)


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
        return f"{self.bot_id}, {self.chat_id}: {self.status}"


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
        """Messages written from `began_at` to this time were no longer kept when collecting went on."""
        return max(self.began_at, self.ended_at - UPDATES_KEPT_FOR)


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
    parsed_at = models.DateTimeField(_("read"), null=True, blank=True)
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


class ApprovalCard(models.Model):
    """The message in the review chat that shows one reply, and how far it is up to date.

    `bots/card_desk.py` keeps it. What a card shows is never taken as truth: the reply's row is.
    """

    response = models.OneToOneField(
        PendingResponse, on_delete=models.CASCADE, related_name="card", verbose_name=_("reply")
    )
    chat_id = models.BigIntegerField(_("review chat"))
    message_id = models.BigIntegerField(
        _("message id"), null=True, blank=True, help_text=_("Empty until the card is sent.")
    )
    # What it shows now.
    status = models.CharField(
        _("shown state"), max_length=16, choices=PendingResponse.Status, blank=True, default=""
    )
    version = models.PositiveIntegerField(_("shown version"), default=0)
    is_stale = models.BooleanField(_("says that the conversation went on"), default=False)
    # The second yes: somebody approved a stale reply, so the card shall ask; `ask` numbers the questions,
    # `seen` is the snapshot in which the words that the newest one shows were read.
    wants_to_ask = models.BooleanField(default=False)
    ask = models.PositiveIntegerField(default=0)
    seen = models.TextField(blank=True, default="")
    has_link = models.BooleanField(default=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(_("failed attempts"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True, default="")
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    closed_at = models.DateTimeField(
        _("closed"), null=True, blank=True, help_text=_("It shows the end of its reply, or was given up.")
    )

    class Meta:
        db_table = "approval_cards"
        ordering = ["-id"]
        verbose_name = _("approval card")
        verbose_name_plural = _("approval cards")
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="approval_cards_open",
                condition=models.Q(closed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.response_id}: {self.status}"


class ButtonPress(models.Model):
    """Somebody pressed a button of the bot; decided once, however often Telegram says it."""

    query_id = models.CharField(_("query"), max_length=64, unique=True)
    person_id = models.BigIntegerField(_("who"))
    username = models.CharField(_("username"), max_length=64, blank=True, default="")
    first_name = models.CharField(_("first name"), max_length=256, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=256, blank=True, default="")
    data = models.CharField(_("button"), max_length=256, blank=True, default="")
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=200, blank=True, default="")
    is_alert = models.BooleanField(default=False)
    # From when on somebody (else) may try to say the answer; empty once it is said, or too late.
    answer_due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("failed attempts"), default=0)

    class Meta:
        db_table = "button_presses"
        ordering = ["-id"]
        verbose_name = _("press of a button")
        verbose_name_plural = _("presses of buttons")
        indexes = [
            models.Index(
                fields=["id"], name="button_presses_waiting", condition=models.Q(decided_at__isnull=True)
            ),
            models.Index(
                fields=["answer_due_at"],
                name="button_presses_unanswered",
                condition=models.Q(answer_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.data}"
