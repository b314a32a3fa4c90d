"""Where the hub tells what happened, what it told, and each attempt to tell it."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.api.hooks.events import EVENT_LABELS, Event
from cvgorod_hub.api.hooks.querysets import DeliveryQuerySet, EndpointQuerySet
from cvgorod_hub.api.hooks.troubles import Trouble

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# After a rotation the receiver has so long to take over the new secret.
ROTATION_OVERLAP = timedelta(days=1)


class WebhookEndpoint(models.Model):
    """An address of the agent's. The secret is not stored: it is derived from `seed` (signing.py)."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.CharField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=32, choices=Event), verbose_name=_("hears of"))
    key = models.ForeignKey(
        "api.ApiKey",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="webhooks",
        verbose_name=_("API key"),
        help_text=_("Then it hears only of the replies that this key proposed, while the key is usable."),
    )
    chat_ids = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        verbose_name=_("only these chats"),
        help_text=_("Numbers of chats, separated by commas. Empty: all of them."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    seed = models.CharField(max_length=80, editable=False)
    previous_seed = models.CharField(max_length=80, blank=True, default="", editable=False)
    rotated_at = models.DateTimeField(_("secret changed"), null=True, editable=False)
    # Where the endpoint stands in the feed of messages; 0, 0 before its first look.
    feed_xid = models.BigIntegerField(default=0, editable=False)
    feed_id = models.BigIntegerField(default=0, editable=False)
    # How it fares. Nothing is sent before `retry_at`; then one delivery is tried, and the rest if it arrives.
    strikes = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    retry_at = models.DateTimeField(_("next try"), null=True, editable=False)
    paused_at = models.DateTimeField(_("paused"), null=True, editable=False)
    paused_because = models.CharField(
        _("reason"), max_length=16, choices=Trouble, blank=True, default="", editable=False
    )
    last_success_at = models.DateTimeField(_("last success"), null=True, editable=False)
    # Who is sending to it: one worker at a time, and another one when its lease has run out.
    leased_by = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        db_table = "webhook_endpoints"
        ordering = ["name"]
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.name

    @property
    def accepts_previous_secret(self) -> bool:
        """A rotation is so recent that deliveries carry a signature by the old secret, too."""
        in_overlap = self.rotated_at is not None and timezone.now() < self.rotated_at + ROTATION_OVERLAP
        return bool(self.previous_seed) and in_overlap

    @property
    def key_is_usable(self) -> bool:
        return self.key is None or self.key.is_usable


class WebhookDelivery(models.Model):
    """One event for one endpoint. `payload` is the very text that is signed and posted."""

    class State(models.TextChoices):
        PENDING = "pending", _("to be delivered")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    event_id = models.UUIDField(_("event id"), default=uuid.uuid4, editable=False)
    event = models.CharField(_("event"), max_length=32)
    payload = models.TextField(_("payload"))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    # Of this series; sending again by hand begins a new one.
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    # Set by the admin's list.
    last_status: int | None
    last_trouble: str | None

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        db_table = "webhook_deliveries"
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries of webhooks")
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="webhook_deliveries_once"),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "id"],
                name="webhook_deliveries_due",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["event_id"], name="webhook_deliveries_event"),
            models.Index(fields=["created_at"], name="webhook_deliveries_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.event_id}"

    @property
    def event_label(self) -> "StrOrPromise":
        return EVENT_LABELS.get(self.event, self.event)


class WebhookAttempt(models.Model):
    """One POST: written before it begins, so that one that a crash cut off is seen as well."""

    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.CASCADE, related_name="tries", verbose_name=_("delivery")
    )
    began_at = models.DateTimeField(_("began"))
    duration_ms = models.PositiveIntegerField(_("took, ms"), null=True)
    status_code = models.PositiveSmallIntegerField(_("answer"), null=True)
    trouble = models.CharField(_("trouble"), max_length=16, choices=Trouble, blank=True, default="")
    # What the trouble was about: an address, the class of an error. Never words of the payload.
    detail = models.CharField(_("detail"), max_length=200, blank=True, default="")
    answer = models.TextField(_("what it answered"), blank=True, default="")

    class Meta:
        db_table = "webhook_attempts"
        ordering = ["id"]
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_success(self) -> bool:
        return self.status_code is not None and not self.trouble
