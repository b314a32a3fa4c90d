"""What messages mean, and the rules that say so."""

import hashlib
import json
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.models import UserRole
from intents.corrections.models import AnalysisCorrection
from intents.counts import AnalysisCalendar, AnalysisCount, AnalysisCountChange, AnalysisDay
from intents.labels import Intent, Sentiment
from intents.llm.records import ModelRequest, ModelSettings, ModelState, ModelUsage
from intents.patterns.phrases import PhraseError, parse
from intents.patterns.regexes import RegexError, compile_safely
from intents.reclassifying.models import Reclassification, ReclassificationItem
from messaging.models import Message

__all__ = [
    "AnalysisCalendar",
    "AnalysisCorrection",
    "AnalysisCount",
    "AnalysisCountChange",
    "AnalysisDay",
    "Intent",
    "MessageAnalysis",
    "MessagePattern",
    "ModelRequest",
    "ModelSettings",
    "ModelState",
    "ModelUsage",
    "Reclassification",
    "ReclassificationItem",
    "Sentiment",
]


class MessagePattern(models.Model):
    """A rule of the embedded classifier: words that speak for an intent."""

    pattern_name = models.CharField(_("name"), max_length=100, unique=True)
    pattern_type = models.CharField(_("intent"), max_length=16, choices=Intent)
    keyword_patterns = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("words and phrases"),
        blank=True,
        default=list,
        help_text=_("Separated by commas. Every form of a word counts: «заказ» also finds «заказа»."),
    )
    except_patterns = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("but not with"),
        blank=True,
        default=list,
        help_text=_("Words and phrases that silence this pattern."),
    )
    regex_pattern = models.TextField(_("regular expression"), blank=True, default="")
    sender_role = models.ForeignKey(
        UserRole,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("only when sent by"),
    )
    min_text_length = models.PositiveIntegerField(_("at least so many characters"), default=0)
    auto_classify = models.BooleanField(_("in use"), default=True)
    priority = models.IntegerField(_("priority"), default=100, help_text=_("Lower goes first."))
    weight = models.FloatField(
        _("weight"),
        default=1.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(10.0)],
        help_text=_("How strongly a match speaks for the intent; 1 is usual, 0 only marks mood or urgency."),
    )
    is_urgent = models.BooleanField(
        _("urgent"),
        default=False,
        help_text=_("A match means that somebody must act within minutes."),
    )
    sentiment = models.CharField(
        _("sentiment"),
        max_length=16,
        choices=Sentiment,
        blank=True,
        default="",
        help_text=_("The mood that a match speaks for; empty for none."),
    )
    description = models.TextField(_("description"), blank=True, default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        db_table = "message_patterns"
        ordering = ["priority", "id"]
        verbose_name = _("pattern")
        verbose_name_plural = _("patterns")

    def __str__(self) -> str:
        return self.pattern_name

    def clean(self) -> None:
        """Refuse what the classifier could not read, or not in time, naming the field."""
        problems: dict[str, list[Any]] = {}
        for name in ("keyword_patterns", "except_patterns"):
            for text in getattr(self, name) or ():
                try:
                    parse(text)
                except PhraseError as error:
                    problems.setdefault(name, []).append(str(error))
        if self.regex_pattern:
            try:
                compile_safely(self.regex_pattern)
            except RegexError as error:
                problems["regex_pattern"] = [str(error)]
        elif not self.keyword_patterns and self.sender_role_id is None:
            problems["keyword_patterns"] = [
                _("Without words, an expression or a sender the pattern would speak of every message.")
            ]
        if problems:
            raise ValidationError(problems)


class MessageAnalysis(models.Model):
    """What one message means, who said so and how sure they were."""

    class Source(models.TextChoices):
        PATTERN = "pattern", _("patterns")
        MODEL = "model", _("model")
        PERSON = "person", _("person")

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="analysis", verbose_name=_("message")
    )
    intent = models.CharField(_("intent"), max_length=16, choices=Intent)
    sentiment = models.CharField(_("sentiment"), max_length=16, choices=Sentiment, default=Sentiment.NEUTRAL)
    is_urgent = models.BooleanField(_("urgent"), default=False)
    entities = models.JSONField(_("what it is about"), default=list, blank=True)
    # Which rules found them (intents/entities/extraction.py); 0 where none of ours did.
    entities_version = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    confidence = models.FloatField(_("confidence"), help_text=_("From 0 to 1."))
    source = models.CharField(_("said by"), max_length=16, choices=Source)
    pattern = models.ForeignKey(
        MessagePattern, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("pattern")
    )
    model_used = models.CharField(_("model"), max_length=100, blank=True, default="")
    prompt_version = models.CharField(_("prompt version"), max_length=32, blank=True, default="")
    tokens_used = models.PositiveIntegerField(_("tokens"), default=0)
    processing_time_ms = models.PositiveIntegerField(_("time, ms"), default=0)
    # The model's turn (intents/llm/queue.py). Attempts are those that failed for this message's own sake;
    # alone: in a request of its own, since one with others failed.
    model_due_at = models.DateTimeField(_("model asked at"), null=True, blank=True)
    model_attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    model_alone = models.BooleanField(default=False, db_default=False, editable=False)
    model_error = models.TextField(_("last error"), blank=True, default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        db_table = "message_analysis"
        ordering = ["-message_id"]
        verbose_name = _("analysis")
        verbose_name_plural = _("analyses")
        permissions = [("correct_messageanalysis", _("Can correct what a message means"))]
        indexes = [
            models.Index(fields=["intent", "message"], name="analysis_intent"),
            models.Index(fields=["message"], name="analysis_urgent", condition=models.Q(is_urgent=True)),
            # What few analyses say: a list of these must not read all the others on its way.
            models.Index(
                fields=["source", "message"],
                name="analysis_rare_sources",
                condition=~models.Q(source="pattern"),
            ),
            models.Index(
                fields=["sentiment", "message"],
                name="analysis_rare_sentiments",
                condition=~models.Q(sentiment="neutral"),
            ),
            # The newest that are due come first, however many wait.
            models.Index(
                fields=["message"], name="analysis_due", condition=models.Q(model_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.get_intent_display()

    @property
    def fingerprint(self) -> str:
        """Stands for what is said here: "right as it is" holds for what its reader saw, nothing newer."""
        said = json.dumps([self.intent, self.sentiment, self.is_urgent, self.entities], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


class UrgentMessage(models.Model):  # noqa: DJ008  (no person meets these rows)
    """An urgent message with where and when it was said, as the database keeps it (migration 0005).

    By these, what is urgent in a chat since a moment is found without reading what was urgent ever before.
    """

    message_id = models.BigIntegerField(primary_key=True)
    chat_id = models.BigIntegerField()
    said_at = models.DateTimeField()

    class Meta:
        db_table = "urgent_messages"
        indexes = [
            models.Index(fields=["chat_id", "said_at", "message_id"], name="urgent_messages_chat"),
            models.Index(fields=["said_at", "message_id"], name="urgent_messages_said_at"),
        ]
