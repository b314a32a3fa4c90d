"""How sending as a whole fares; one row that the hub writes and people read."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from solo.models import SingletonModel


class SendingState(SingletonModel):
    """`sandbox/sending.py` keeps it. All times are aware."""

    class Trouble(models.TextChoices):
        NONE = "", _("none")
        RATE_LIMITED = "rate_limited", _("Telegram asks for a pause")
        TOKEN_REFUSED = "token_refused", _("Telegram refuses the bot token")

    trouble = models.CharField(_("trouble"), max_length=16, choices=Trouble, blank=True, default="")
    trouble_since = models.DateTimeField(_("since"), null=True, blank=True)
    paused_until = models.DateTimeField(_("nothing is sent before"), null=True, blank=True)
    # How often Telegram has said "too many requests" lately, and when last.
    strikes = models.PositiveSmallIntegerField(default=0)
    struck_at = models.DateTimeField(null=True, blank=True)
    # When a reply last went out without Redis to pace it (sandbox/pacing.py).
    slow_lane_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sending_state"
        verbose_name = _("sending")

    def __str__(self) -> str:
        return str(self.get_trouble_display())
