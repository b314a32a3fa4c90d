"""API keys: who may call, for what, where, how often, until when. The key is shown once and never stored."""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = ["ApiKey", "ApiKeyUsage", "Scope", "WebhookAttempt", "WebhookDelivery", "WebhookEndpoint"]

# What every key begins with.
KEY_PREFIX = "cvh"
ENVIRONMENT_KEY_NAME = "HUB_API_KEY"
# The log tells who did something by these names, and finds a program's earlier proposals by them.
RESERVED_NAMES = frozenset({ENVIRONMENT_KEY_NAME.lower(), "hub"})
# Each call of a minute is one entry of a list in Redis.
MOST_CALLS_PER_MINUTE = 10_000


class Scope(models.TextChoices):
    READ = "read", _("read messages, people and statistics")
    PROPOSE = "propose", _("propose replies")
    REVIEW = "review", _("approve and reject replies")
    ADMIN = "admin", _("everything")


# What lets a key decide about replies. Nobody hands out more than they may do themselves.
DECIDING_SCOPES = frozenset({Scope.REVIEW.value, Scope.ADMIN.value})
# Of an account: the room of replies goes by it (sandbox/actors.py), here it says who makes such keys.
REVIEW_PERMISSION = "sandbox.review_pendingresponse"


class Allowance(NamedTuple):
    """What is left of a limit. `seconds`: until the next call is free."""

    is_granted: bool
    remaining: int
    seconds: float


def validate_key_name(name: str) -> None:
    """Raises ValidationError for a name that the log knows as somebody else's."""
    if name.strip().lower() in RESERVED_NAMES:
        raise ValidationError(_("This name is the hub's own; choose another."), code="reserved")
    if not name.strip().isprintable():
        raise ValidationError(_("A name has no line breaks or control characters."), code="unprintable")


class ApiKey(models.Model):
    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        validators=[validate_key_name],
        help_text=_("Whose key it is. It stands in the log of what the key does and stays as it is."),
    )
    lookup = models.CharField(_("begins with"), max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    # The secret before the newest rotation; it works until `previous_until`.
    previous_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    previous_until = models.DateTimeField(_("old secret until"), null=True, editable=False)
    previous_used_at = models.DateTimeField(_("old secret last used"), null=True, editable=False)
    rotated_at = models.DateTimeField(_("secret changed"), null=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), verbose_name=_("may"))
    chat_ids = ArrayField(
        models.BigIntegerField(),
        verbose_name=_("chats"),
        default=list,
        blank=True,
        help_text=_("Only these chats exist for the key; none chosen: all chats."),
    )
    calls_per_minute = models.PositiveIntegerField(
        _("calls a minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CALLS_PER_MINUTE)],
        help_text=_("At most so many in any sixty seconds; empty: no limit."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("made by"),
    )
    expires_at = models.DateTimeField(
        _("expires"), null=True, blank=True, help_text=_("Empty: works until it is revoked.")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    last_used_from = models.GenericIPAddressField(_("from the address"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    # Of one call, not of the row: which secret it came with, and what its limit said.
    has_previous_secret: bool = False
    allowance: Allowance | None = None

    class Meta:
        db_table = "api_keys"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(calls_per_minute__gte=1), name="api_keys_some_calls"),
        ]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name

    @property
    def beginning(self) -> str:
        """By which people tell keys apart; the rest is the secret."""
        return f"{KEY_PREFIX}_{self.lookup}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and not self.is_expired

    @property
    def previous_works(self) -> bool:
        """Whether the secret before the newest one works, too."""
        return self.previous_until is not None and self.previous_until > timezone.now()

    @property
    def last_use(self) -> datetime | None:
        """With whichever secret; each notes its own use."""
        return max(filter(None, (self.last_used_at, self.previous_used_at)), default=None)

    @property
    def may_decide(self) -> bool:
        """Whether it may approve and reject replies."""
        return not DECIDING_SCOPES.isdisjoint(self.scopes)

    def allows(self, scope: str) -> bool:
        """Whether a key of these scopes may make a call of that scope."""
        return Scope.ADMIN in self.scopes or scope in self.scopes

    @property
    def is_limited(self) -> bool:
        """Only some chats exist for this key."""
        return bool(self.chat_ids)

    def visible_chat_ids(self) -> frozenset[int] | None:
        """The chats that exist for this key; None: all. A group that moved is in it under both its ids."""
        return frozenset(self.chat_ids) if self.chat_ids else None

    def sees_chat(self, chat_id: int) -> bool:
        return not self.chat_ids or chat_id in self.chat_ids


class ApiKeyUsage(models.Model):
    """How often a key made one call on one day of the hub's calendar, and what came of it."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="usage")
    day = models.DateField()
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=100, help_text="Below /api/v1/: messages/{id}")
    succeeded = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0, help_text="401, 403, 429")
    mistaken = models.PositiveIntegerField(default=0, help_text="400, 404, 409 …")
    failed = models.PositiveIntegerField(default=0, help_text="500 …")
    last_at = models.DateTimeField()

    class Meta:
        db_table = "api_key_usage"
        constraints = [
            models.UniqueConstraint(fields=["key", "day", "method", "route"], name="api_key_usage_once"),
        ]
        indexes = [models.Index(fields=["day"], name="api_key_usage_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.method} {self.route}"
