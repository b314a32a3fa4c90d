"""The approval cards in the review chat, and the presses of their buttons."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from sandbox.models import PendingResponse


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
