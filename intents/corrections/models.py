"""The log of corrections: never changed, never deleted (a trigger refuses it, migration 0008)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from intents.labels import Intent, Sentiment
from messaging.models import Message


class Field(models.TextChoices):
    """What a person can speak of, one by one."""

    INTENT = "intent", _("intent")
    SENTIMENT = "sentiment", _("sentiment")
    URGENT = "is_urgent", _("urgency")
    ENTITIES = "entities", _("what it is about")


class AnalysisCorrection(models.Model):
    """One word of a person on one message: what stood before, what stands since, and of what they spoke."""

    class Kind(models.TextChoices):
        CORRECTED = "corrected", _("corrected")
        CONFIRMED = "confirmed", _("right as it was")
        TAKEN_BACK = "taken_back", _("taken back")

    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, related_name="corrections", verbose_name=_("message")
    )
    kind = models.CharField(_("what happened"), max_length=16, choices=Kind)
    fields = ArrayField(
        models.CharField(max_length=16, choices=Field), verbose_name=_("about"), blank=True, default=list
    )
    # What was judged: an edit of the message must not change what the person's word belongs to.
    text = models.TextField(_("text"), blank=True, default="")
    sender_role = models.CharField(max_length=32, editable=False)
    intent_before = models.CharField(_("intent before"), max_length=16, choices=Intent)
    sentiment_before = models.CharField(_("sentiment before"), max_length=16, choices=Sentiment)
    is_urgent_before = models.BooleanField(_("urgent before"))
    entities_before = models.JSONField(_("about before"), default=list, blank=True)
    source_before = models.CharField(_("said by before"), max_length=16)
    model_before = models.CharField(_("model before"), max_length=100, blank=True, default="")
    prompt_version_before = models.CharField(
        _("prompt version before"), max_length=32, blank=True, default=""
    )
    confidence_before = models.FloatField(_("confidence before"))
    # No reference: a pattern may be deleted, this row never changes.
    pattern_before = models.BigIntegerField(null=True, blank=True, editable=False)
    pattern_name_before = models.CharField(_("pattern before"), max_length=100, blank=True, default="")
    intent = models.CharField(_("intent"), max_length=16, choices=Intent)
    sentiment = models.CharField(_("sentiment"), max_length=16, choices=Sentiment)
    is_urgent = models.BooleanField(_("urgent"))
    entities = models.JSONField(_("what it is about"), default=list, blank=True)
    actor_name = models.CharField(_("who"), max_length=150)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
    )
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        db_table = "analysis_corrections"
        ordering = ["-id"]
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        indexes = [models.Index(fields=["created_at", "id"], name="corrections_created")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.actor_name}"
