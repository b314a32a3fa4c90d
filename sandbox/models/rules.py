"""The house rules of the sandbox: what people set once and the hub follows."""

from datetime import time

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from solo.models import SingletonModel


class SandboxSettings(SingletonModel):
    """One row; `SandboxSettings.get_solo()` reads it."""

    is_paused = models.BooleanField(
        _("proposals are paused"),
        default=False,
        help_text=_("The agent's proposals are refused, in every chat. What is approved still goes out."),
    )
    pause_note = models.CharField(
        _("what the agent is told"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Why, and until when; one sentence."),
    )
    draft_lifetime_hours = models.PositiveSmallIntegerField(
        _("a draft expires after, hours"),
        null=True,
        blank=True,
        default=72,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 90)],
        help_text=_("Where the agent names no time of its own. Empty: never."),
    )
    four_eyes = models.BooleanField(
        _("four eyes"),
        default=False,
        help_text=_("Whoever wrote a reply, or owns the key that proposed it, cannot approve it."),
    )
    scheduled_in_work_hours = models.BooleanField(
        _("scheduled replies keep working hours"),
        default=False,
        help_text=_(
            "A reply whose time falls outside them goes out when the chat's next working day begins."
        ),
    )
    work_starts = models.TimeField(_("work starts"), default=time(9))
    work_ends = models.TimeField(_("work ends"), default=time(18))
    works_saturday = models.BooleanField(_("Saturday is a working day"), default=True)
    works_sunday = models.BooleanField(_("Sunday is a working day"), default=False)

    class Meta:
        db_table = "sandbox_settings"
        verbose_name = _("sandbox settings")

    def __str__(self) -> str:
        return str(_("Sandbox settings"))

    def clean(self) -> None:
        if self.work_ends <= self.work_starts:
            raise ValidationError({"work_ends": _("Work ends after it starts.")})


class RejectionReason(models.Model):
    """A reason that a manager rejects with by one click; the agent reads it."""

    text = models.CharField(_("reason"), max_length=200, unique=True)
    place = models.PositiveSmallIntegerField(_("place"), default=0, help_text=_("Smaller comes first."))
    is_offered = models.BooleanField(_("offered"), default=True)

    class Meta:
        db_table = "rejection_reasons"
        ordering = ["place", "id"]
        verbose_name = _("reason for rejection")
        verbose_name_plural = _("reasons for rejection")

    def __str__(self) -> str:
        return self.text
