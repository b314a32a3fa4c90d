"""The daily report: to whom it went, once a day and way."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DailyReport(models.Model):
    """One day's report by one way; the row is there once, so the report is (bots/report/daily.py)."""

    class Way(models.TextChoices):
        MAIL = "mail", _("mail")
        TELEGRAM = "telegram", _("Telegram")

    day = models.DateField(_("day"))
    way = models.CharField(_("way"), max_length=8, choices=Way)
    # What it tells of, to this moment; the next one goes on there.
    told_until = models.DateTimeField(_("tells until"), null=True)
    claimed_until = models.DateTimeField(null=True, editable=False)
    next_try_at = models.DateTimeField(_("next try"), null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, default="")
    # Nobody but a person can mend it: a chat of clients, a refused password.
    is_refused = models.BooleanField(default=False)

    class Meta:
        db_table = "daily_reports"
        ordering = ["-day", "way"]
        verbose_name = _("daily report")
        verbose_name_plural = _("daily reports")
        constraints = [models.UniqueConstraint(fields=["day", "way"], name="daily_reports_once")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}, {self.get_way_display()}"
