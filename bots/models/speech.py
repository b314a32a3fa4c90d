"""How the hub's neighbours for voices fare, and what recognition used."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class VoiceGate(models.Model):
    """Whether one kind of call is worth making now (bots/voice/gates.py); no row: it never failed."""

    class Name(models.TextChoices):
        FETCH = "fetch", _("files from Telegram")
        SHORT = "short", _("recognition of short recordings")
        LONG = "long", _("recognition of long recordings")
        POLL = "poll", _("results of long recordings")

    name = models.CharField(primary_key=True, max_length=8, choices=Name)
    failures = models.IntegerField(default=0)
    until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")
    # Of the key that was refused; another key opens the gate at once.
    refused_key = models.CharField(max_length=16, blank=True, default="")

    class Meta:
        db_table = "voice_gates"

    def __str__(self) -> str:
        return str(self.get_name_display())


class SpeechUsage(models.Model):
    """Seconds that SpeechKit counts, by the day (TIME_ZONE) on which it took them and by API."""

    pk = models.CompositePrimaryKey("day", "api")
    day = models.DateField(_("day"))
    api = models.CharField(max_length=8)
    recordings = models.IntegerField(_("recordings"), default=0)
    seconds = models.IntegerField(_("seconds"), default=0)

    class Meta:
        db_table = "speech_usage"

    def __str__(self) -> str:
        return f"{self.day} {self.api}"
