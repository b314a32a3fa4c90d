"""People in Telegram and the part each of them plays."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class RoleName(models.TextChoices):
    """The roles that code speaks of; a migration seeds them."""

    ADMIN = "admin", _("Administrator")
    DIRECTOR = "director", _("Director")
    MANAGER = "manager", _("Manager")
    BROADCAST_BOT = "broadcast_bot", _("Mailing bot")
    ASSISTANT_BOT = "assistant_bot", _("Assistant bot")
    CLIENT = "client", _("Client")


class UserRole(models.Model):
    role_name = models.CharField(_("role"), max_length=50, unique=True)
    display_name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True, default="")
    is_staff = models.BooleanField(_("our staff"), default=False)
    is_bot = models.BooleanField(_("a program"), default=False)
    exclude_from_analytics = models.BooleanField(_("left out of statistics"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        db_table = "user_roles"
        ordering = ["id"]
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return self.display_name


class TelegramUser(models.Model):
    """Somebody who wrote in a chat. `id` is Telegram's; a new person is a client."""

    id = models.BigIntegerField(_("Telegram id"), primary_key=True)
    username = models.CharField(_("username"), max_length=64, blank=True, default="")
    first_name = models.CharField(_("first name"), max_length=256, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=256, blank=True, default="")
    role = models.ForeignKey(UserRole, on_delete=models.PROTECT, related_name="users", verbose_name=_("role"))
    first_seen = models.DateTimeField(_("first seen"))
    last_seen = models.DateTimeField(_("last seen"))
    staff_account = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="telegram_user",
        verbose_name=_("staff account"),
        help_text=_("The account of this person in the admin, for somebody of our own team."),
    )
    # What was said until then was erased at the person's request and stays so (clients/erasing.py).
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)

    class Meta:
        db_table = "users"
        ordering = ["-last_seen", "-id"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            models.Index(fields=["last_seen", "id"], name="users_last_seen"),
            models.Index(fields=["first_seen", "id"], name="users_first_seen"),
            models.Index(fields=["role", "last_seen", "id"], name="users_role_last_seen"),
            # A handful: whatever takes in messages looks here first.
            models.Index(fields=["id"], name="users_erased", condition=models.Q(erased_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """What people call this person: the full name, else @username, else the id."""
        full_name = f"{self.first_name} {self.last_name}".strip()
        if not full_name and not self.username and self.erased_at is not None:
            return gettext("Erased person")
        return full_name or (f"@{self.username}" if self.username else str(self.pk))
