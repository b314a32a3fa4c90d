"""What is kept of logins: attempts that did not succeed, authenticator apps, backup codes."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class LoginAttempt(models.Model):
    """An attempt to log in that did not succeed, or is under way; one that succeeds takes its row away."""

    class Step(models.TextChoices):
        PASSWORD = "password", _("password")
        CODE = "code", _("second step")

    # Null where no account has the name that was typed: it may be a password in the wrong field, so it is
    # not kept.
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("account"),
    )
    # Tells what was typed from anything else that was, without saying what (attempts.py).
    name_key = models.CharField(max_length=64)
    network = models.CharField(_("from"), max_length=45)
    step = models.CharField(_("step"), max_length=8, choices=Step)
    is_known_browser = models.BooleanField(_("known browser"))
    at = models.DateTimeField(_("time"), db_default=Now())

    class Meta:
        db_table = "login_attempts"
        verbose_name = _("refused login")
        verbose_name_plural = _("refused logins")
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=["name_key", "at"], name="login_attempts_name"),
            models.Index(fields=["network", "at"], name="login_attempts_network"),
            models.Index(fields=["-at", "-id"], name="login_attempts_newest"),
        )

    def __str__(self) -> str:
        return f"{self.get_step_display()}, {self.network}"


class AuthenticatorQuerySet(models.QuerySet["Authenticator"]):
    def in_use(self, account: "User") -> "AuthenticatorQuerySet":
        return self.filter(account=account, confirmed_at__isnull=False)


class Authenticator(models.Model):
    """An authenticator app. Its secret is not stored: it is derived from `seed` (two_step/secrets.py)."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="authenticator"
    )
    seed = models.CharField(max_length=80)
    # Null until a code has shown that the app has the secret; until then logins ask for no code.
    confirmed_at = models.DateTimeField(null=True)
    # The newest 30 seconds whose code was taken; neither it nor an earlier one is taken again.
    last_step = models.BigIntegerField(default=0)

    objects = AuthenticatorQuerySet.as_manager()

    class Meta:
        db_table = "authenticators"

    def __str__(self) -> str:
        return str(self.account)


class BackupCode(models.Model):
    """A code for a lost phone, good for one login; kept as a digest."""

    authenticator = models.ForeignKey(Authenticator, on_delete=models.CASCADE, related_name="backup_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "authenticator_backup_codes"
        constraints = (
            models.UniqueConstraint(fields=["authenticator", "digest"], name="backup_code_unique"),
        )

    def __str__(self) -> str:
        return str(self.authenticator)
