"""API keys: who may call, for what, until when. The key itself is shown once and never stored."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = ["ApiKey", "Scope", "WebhookAttempt", "WebhookDelivery", "WebhookEndpoint"]


class Scope(models.TextChoices):
    READ = "read", _("read messages, people and statistics")
    PROPOSE = "propose", _("propose replies")
    REVIEW = "review", _("approve and reject replies")
    ADMIN = "admin", _("everything")


class ApiKey(models.Model):
    name = models.CharField(_("name"), max_length=100, unique=True)
    lookup = models.CharField(_("begins with"), max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), verbose_name=_("may"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("made by"),
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        db_table = "api_keys"
        ordering = ["name"]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired

    def allows(self, scope: str) -> bool:
        """Whether a key of these scopes may make a call of that scope."""
        return Scope.ADMIN in self.scopes or scope in self.scopes
