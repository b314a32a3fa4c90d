"""The closed lists of what a message may mean."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Intent(models.TextChoices):
    ORDER = "order", _("Order")
    QUESTION = "question", _("Question")
    INTEREST = "interest", _("Interest")
    COMPLAINT = "complaint", _("Complaint")
    CONFIRMATION = "confirmation", _("Confirmation")
    BROADCAST = "broadcast", _("Mailing")
    OTHER = "other", _("Other")


class Sentiment(models.TextChoices):
    POSITIVE = "positive", _("Positive")
    NEUTRAL = "neutral", _("Neutral")
    NEGATIVE = "negative", _("Negative")
