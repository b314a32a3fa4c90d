"""Replies that wait for a person, and the log of what became of them."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.api.models import ApiKey
from messaging.models import Chat
from messaging.search.tokens import WordsVector
from sandbox.querysets import PendingResponseQuerySet
from sandbox.texts import MAX_TEXT_LENGTH


class PendingResponse(models.Model):
    """A reply that an agent proposes and a person decides on.

    Every move between states is one conditional UPDATE (sandbox/transitions.py); `version` counts the
    texts, so that an approval is bound to the text that was shown.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting for review")
        APPROVED = "approved", _("approved")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        REJECTED = "rejected", _("rejected")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("not known whether sent")

    class ErasedFor(models.TextChoices):
        NOTHING = "", _("The words of this reply were erased")
        REQUEST = "request", _("The words of this reply were erased at the client's request")
        AGE = "age", _("The words of this reply were erased because of their age")

    chat = models.ForeignKey(
        Chat, on_delete=models.PROTECT, related_name="pending_responses", verbose_name=_("chat")
    )
    client_name = models.CharField(_("client"), max_length=256, blank=True, default="")
    response_text = models.TextField(_("reply"), validators=[MaxLengthValidator(MAX_TEXT_LENGTH)])
    original_text = models.TextField(_("the agent's words"))
    context = models.TextField(_("the agent's reasons"), blank=True, default="")
    reply_to_message_id = models.BigIntegerField(_("answers message id"), null=True, blank=True)
    # What the database showed when the reply was proposed; whether the chat moved on is judged by it.
    anchor_snapshot = models.TextField(
        editable=False,
        db_default=Cast(models.Func(function="pg_current_snapshot"), models.TextField()),
    )
    status = models.CharField(_("state"), max_length=16, choices=Status, default=Status.PENDING)
    version = models.PositiveIntegerField(_("version"), default=1)
    requested_by = models.CharField(_("proposed by"), max_length=100)
    requested_by_key = models.ForeignKey(
        ApiKey,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="proposals",
        verbose_name=_("API key"),
    )
    # Where a person wrote it, and no program.
    requested_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("account"),
    )
    idempotency_key = models.CharField(max_length=255, null=True, editable=False)
    request_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    # The key that it had in the hub before this one; it is history here, and the database keeps it so.
    old_id = models.BigIntegerField(null=True, editable=False)
    batch_id = models.UUIDField(_("batch"), null=True, blank=True)
    send_order = models.PositiveIntegerField(_("place in the batch"), null=True, blank=True)
    approved_by = models.CharField(_("approved by"), max_length=150, blank=True, default="")
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    rejected_reason = models.TextField(_("reason"), blank=True, default="")
    scheduled_at = models.DateTimeField(_("not before"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    retry_at = models.DateTimeField(_("next try"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("sending since"), null=True, blank=True)
    attempt_id = models.UUIDField(null=True, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    telegram_message_id = models.BigIntegerField(_("sent as message id"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True, default="")
    created_at = models.DateTimeField(_("proposed"), auto_now_add=True)
    # Since when it has no words any more (sandbox/erasing.py); who decided what stays in its log.
    erased_at = models.DateTimeField(_("words erased"), null=True, editable=False)
    erased_for = models.CharField(
        _("words erased because"),
        max_length=8,
        choices=ErasedFor,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )

    # Set by `with_staleness()`: the chat moved on since the reply was proposed.
    is_stale: bool
    # Set by `with_target()`: where the conversation goes on now.
    target_chat: int
    # Set by `with_question()`.
    question_id: int | None
    intent: str | None
    is_urgent: bool

    objects = PendingResponseQuerySet.as_manager()

    class Meta:
        db_table = "pending_responses"
        ordering = ["created_at", "id"]
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        permissions = [("review_pendingresponse", _("Can approve and reject replies"))]
        constraints = [
            models.UniqueConstraint(
                fields=["requested_by", "idempotency_key"],
                name="pending_responses_idempotency",
            ),
            models.UniqueConstraint(
                fields=["old_id"], condition=models.Q(old_id__isnull=False), name="pending_responses_old_id"
            ),
            # What the hub before this one knew is never sent by this one, whoever asks.
            models.CheckConstraint(
                condition=models.Q(old_id__isnull=True)
                | models.Q(status__in=["sent", "failed", "rejected", "expired"]),
                name="pending_responses_old_ones_are_over",
            ),
            # The order within a chat: nobody sends there while another reply is on its way.
            models.UniqueConstraint(
                fields=["chat"], condition=models.Q(status="sending"), name="pending_responses_one_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "created_at", "id"], name="pending_responses_queue"),
            models.Index(fields=["chat", "created_at"], name="pending_responses_chat"),
            # The admin's search among all that were ever proposed (sandbox/admin/queue.py).
            GinIndex(WordsVector("client_name", "response_text"), name="pending_responses_words"),
            models.Index(
                fields=["claimed_at"],
                name="pending_responses_claimed",
                condition=models.Q(claimed_at__isnull=False),
            ),
            models.Index(
                fields=["batch_id", "send_order"],
                name="pending_responses_batch",
                condition=models.Q(batch_id__isnull=False),
            ),
            models.Index(
                fields=["chat", "telegram_message_id"],
                name="pending_responses_sent_as",
                condition=models.Q(telegram_message_id__isnull=False),
            ),
            models.Index(
                fields=["chat"],
                name="pending_responses_open",
                condition=models.Q(status__in=["pending", "approved", "sending", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return self.response_text[:80] or str(self.get_erased_for_display())

    @property
    def is_by_person(self) -> bool:
        """Somebody of the staff wrote it, on the page of the conversation; no agent proposed it."""
        return self.requested_by_user_id is not None

    @property
    def is_of_old_hub(self) -> bool:
        """It came from the hub before this one: nothing can be done with it any more."""
        return self.old_id is not None

    @property
    def current_chat_id(self) -> int:
        """Where the conversation is now: a group that became a supergroup goes on there."""
        return self.chat.migrated_to_id or self.chat_id

    @property
    def current_reply_to_id(self) -> int | None:
        """The message it answers, under its id there: in a chat that moved, message ids begin anew."""
        return None if self.chat.migrated_to_id else self.reply_to_message_id


class ResponseEvent(models.Model):
    """One move of a reply: who, when, and the text before and after.

    Never changed and never deleted: a trigger refuses it (migration 0003).
    """

    class Kind(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        EDITED = "edited", _("edited")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")
        CLAIMED = "claimed", _("sending began")
        SENT = "sent", _("sent")
        DEFERRED = "deferred", _("put off")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("outcome not known")
        RETRIED = "retried", _("to be sent again")
        WITHDRAWN = "withdrawn", _("withdrawn")
        SCHEDULED = "scheduled", _("put on another time")
        MARKED_SENT = "marked_sent", _("marked as sent")
        RESTORED = "restored", _("restored from a backup")

    response = models.ForeignKey(
        PendingResponse, on_delete=models.PROTECT, related_name="events", verbose_name=_("reply")
    )
    kind = models.CharField(_("what happened"), max_length=16, choices=Kind)
    actor_name = models.CharField(_("who"), max_length=150)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
    )
    actor_key = models.ForeignKey(
        ApiKey,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("API key"),
    )
    text_before = models.TextField(_("text before"), blank=True, default="")
    text_after = models.TextField(_("text after"), blank=True, default="")
    detail = models.TextField(_("detail"), blank=True, default="")
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        db_table = "pending_response_events"
        ordering = ["id"]
        # The log is read by days (sandbox/admin/log.py).
        indexes = [models.Index(fields=["created_at", "id"], name="pending_response_events_when")]
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.actor_name}"
