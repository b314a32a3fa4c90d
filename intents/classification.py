"""What follows a stored message: the patterns' verdict at once, and the model's turn where it is wanted."""

import logging
import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from clients.models import RoleName
from intents.entities.extraction import RULES_VERSION, extract
from intents.entities.schema import Entity
from intents.models import MessageAnalysis, ModelSettings
from intents.patterns.classifier import Classifier, Verdict
from intents.patterns.rulebook import load_classifier
from messaging.models import Message

logger = logging.getLogger(__name__)

Asks = ModelSettings.Asks
# How far a sweep looks back, in messages: the newest by their key, so that its cost does not grow.
SWEPT_MESSAGES = 20_000

# One statement for a batch of any size. A person's word stays; a model's belongs to the text before the edit.
_UPSERT = """
INSERT INTO message_analysis AS stands (
    message_id, intent, sentiment, is_urgent, entities, confidence, source, pattern_id, model_used,
    prompt_version, tokens_used, processing_time_ms, model_due_at, model_attempts, model_alone,
    model_error, created_at, updated_at, entities_version
)
SELECT message_id, intent, sentiment, is_urgent, entities, confidence, %s,
    (SELECT id FROM message_patterns WHERE id = new.pattern_id), '', '', 0, 0, due, 0, false,
    '', %s, %s, %s
FROM ROWS FROM (
    unnest(%s::bigint[], %s::text[], %s::text[], %s::bool[], %s::float8[], %s::bigint[], %s::timestamptz[]),
    jsonb_array_elements(%s::jsonb)
) AS new (message_id, intent, sentiment, is_urgent, confidence, pattern_id, due, entities)
ON CONFLICT (message_id) DO UPDATE SET
    intent = EXCLUDED.intent, sentiment = EXCLUDED.sentiment, is_urgent = EXCLUDED.is_urgent,
    entities = EXCLUDED.entities, confidence = EXCLUDED.confidence, source = EXCLUDED.source,
    pattern_id = EXCLUDED.pattern_id, model_used = '', prompt_version = '', tokens_used = 0,
    processing_time_ms = 0, model_attempts = 0, model_alone = false, model_error = '',
    model_due_at = CASE WHEN %s AND EXCLUDED.model_due_at IS NOT NULL
        THEN coalesce(stands.model_due_at, EXCLUDED.model_due_at) ELSE EXCLUDED.model_due_at END,
    updated_at = EXCLUDED.updated_at, entities_version = EXCLUDED.entities_version
WHERE stands.source <> %s AND NOT (%s AND stands.source = %s AND EXCLUDED.model_due_at IS NOT NULL)
"""


class _Reading(NamedTuple):
    """What the rules say of one message."""

    message_id: int
    verdict: Verdict
    entities: list[Entity]


def classify_by_patterns(
    messages: Sequence[Message], *, ask_model: bool = True, keep_model: bool = False
) -> None:
    """Write the patterns' verdict on each message that says something; call it after storing or editing.

    At most five queries for any number of messages, three where they come with their `user` and its `role`,
    and one more with a key for the model. What a person decided stays. ModelSettings say which verdicts make
    a message due for the model (intents.tasks asks it later); with `ask_model` off none does. With
    `keep_model` what the model said, or is being asked at this moment, stays where it would be asked again,
    which is for words that have not changed since.
    """
    classifier = load_classifier()
    worded = {message.pk: message for message in messages if _has_words(message)}
    if not worded:
        return
    prefetch_related_objects(list(worded.values()), "user__role")
    readings = [
        reading
        for _pk, message in sorted(worded.items())
        if (reading := _read(classifier, message)) is not None
    ]
    _write(readings, now=timezone.now(), ask_model=ask_model, keep_model=keep_model)


def classify_missed(*, limit: int = 500) -> int:
    """Give newer messages without an analysis their verdict; returns how many there were.

    A message is stored even when a rule breaks the classifier; this comes back to it.
    """
    newest = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    missed = (
        Message.objects.filter(analysis__isnull=True, id__gt=newest - SWEPT_MESSAGES)
        .filter(source=Message.Source.TELEGRAM)
        .exclude(message_type=Message.Type.SERVICE)
        .exclude(text="", transcript="")
        .select_related("user__role")
        .defer("search_vector")
        .order_by("-id")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)[:limit]
    )
    with transaction.atomic():
        # Held, so that what an erasure takes away meanwhile does not come back as what was read in it.
        messages = list(missed)
        classify_by_patterns(messages)
    return len(messages)


def words_of(message: Message) -> str:
    """What the message says: its text, and the transcript of what was spoken."""
    return "\n".join(part for part in (message.text, message.transcript) if part)


def _has_words(message: Message) -> bool:
    return message.message_type != Message.Type.SERVICE and bool(words_of(message).strip())


def _read(classifier: Classifier, message: Message) -> _Reading | None:
    """None where our own code breaks on it: its neighbours must not wait for that one."""
    said = words_of(message)
    try:
        verdict = classifier.classify(said, role_of(message))
        return _Reading(message.pk, verdict, extract(said, message.timestamp))
    except Exception:
        logger.exception("message cannot be understood message=%s", message.pk)
        return None


def role_of(message: Message) -> str:
    """The name of the author's role; who speaks as a channel counts as a client."""
    return message.user.role.role_name if message.user else RoleName.CLIENT


def _write(readings: list[_Reading], *, now: datetime, ask_model: bool, keep_model: bool) -> None:
    below = _model_asked_below() if ask_model else 0.0
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            [
                MessageAnalysis.Source.PATTERN,
                now,
                now,
                RULES_VERSION,
                [reading.message_id for reading in readings],
                [str(reading.verdict.intent) for reading in readings],
                [str(reading.verdict.sentiment) for reading in readings],
                [reading.verdict.is_urgent for reading in readings],
                [reading.verdict.confidence for reading in readings],
                [reading.verdict.pattern_id for reading in readings],
                [now if reading.verdict.confidence < below else None for reading in readings],
                # One document: in an array of texts each of their quotes would be escaped.
                orjson.dumps([reading.entities for reading in readings]).decode(),
                keep_model,
                MessageAnalysis.Source.PERSON,
                keep_model,
                MessageAnalysis.Source.MODEL,
            ],
        )


def _model_asked_below() -> float:
    """The confidence below which the model is asked: by nothing, the settings' threshold, or everything."""
    if not settings.DEEPSEEK_API_KEY:
        return 0.0
    rules = ModelSettings.get_solo()
    return {Asks.ALL: math.inf, Asks.UNSURE: rules.unsure_below, Asks.NONE: 0.0}[Asks(rules.asks)]
