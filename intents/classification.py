"""What follows a stored message: the patterns' verdict at once, the model's turn where they are unsure."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import prefetch_related_objects
from django.utils import timezone

from clients.models import RoleName
from intents.models import MessageAnalysis
from intents.patterns import Verdict
from intents.rulebook import load_classifier
from messaging.models import Message

# How far a sweep looks back, in messages: the newest by their key, so that its cost does not grow.
SWEPT_MESSAGES = 20_000

# One statement for a batch of any size. A person's word stays; a model's belongs to the text before the edit.
_UPSERT = """
INSERT INTO message_analysis AS stands (
    message_id, intent, sentiment, is_urgent, entities, confidence, source, pattern_id, model_used,
    prompt_version, tokens_used, processing_time_ms, model_due_at, model_attempts, model_error,
    created_at, updated_at
)
SELECT message_id, intent, sentiment, is_urgent, '[]', confidence, %s,
    (SELECT id FROM message_patterns WHERE id = new.pattern_id), '', '', 0, 0, due, 0, '', %s, %s
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bool[], %s::float8[], %s::bigint[], %s::timestamptz[])
    AS new (message_id, intent, sentiment, is_urgent, confidence, pattern_id, due)
ON CONFLICT (message_id) DO UPDATE SET
    intent = EXCLUDED.intent, sentiment = EXCLUDED.sentiment, is_urgent = EXCLUDED.is_urgent,
    entities = EXCLUDED.entities, confidence = EXCLUDED.confidence, source = EXCLUDED.source,
    pattern_id = EXCLUDED.pattern_id, model_used = '', prompt_version = '', tokens_used = 0,
    processing_time_ms = 0, model_due_at = EXCLUDED.model_due_at, model_attempts = 0, model_error = '',
    updated_at = EXCLUDED.updated_at
WHERE stands.source <> %s
"""


def classify_by_patterns(messages: Sequence[Message], *, ask_model: bool = True) -> None:
    """Write the patterns' verdict on each message that says something; call it after storing or editing.

    At most five queries for any number of messages, three where they come with their `user` and its `role`.
    What a person decided stays. With a key for the model, a verdict below CLASSIFY_MODEL_BELOW makes the
    message due for it (intents.tasks asks it later), unless `ask_model` is off.
    """
    classifier = load_classifier()
    worded = {message.pk: message for message in messages if _has_words(message)}
    if not worded:
        return
    prefetch_related_objects(list(worded.values()), "user__role")
    verdicts = [
        (pk, classifier.classify(words_of(message), role_of(message)))
        for pk, message in sorted(worded.items())
    ]
    _write(verdicts, now=timezone.now(), ask_model=ask_model)


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
        .order_by("-id")[:limit]
    )
    messages = list(missed)
    classify_by_patterns(messages)
    return len(messages)


def words_of(message: Message) -> str:
    """What the message says: its text, and the transcript of what was spoken."""
    return "\n".join(part for part in (message.text, message.transcript) if part)


def _has_words(message: Message) -> bool:
    return message.message_type != Message.Type.SERVICE and bool(words_of(message).strip())


def role_of(message: Message) -> str:
    """The name of the author's role; who speaks as a channel counts as a client."""
    return message.user.role.role_name if message.user else RoleName.CLIENT


def _write(verdicts: list[tuple[int, Verdict]], *, now: datetime, ask_model: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            [
                MessageAnalysis.Source.PATTERN,
                now,
                now,
                [pk for pk, _ in verdicts],
                [str(verdict.intent) for _, verdict in verdicts],
                [str(verdict.sentiment) for _, verdict in verdicts],
                [verdict.is_urgent for _, verdict in verdicts],
                [verdict.confidence for _, verdict in verdicts],
                [verdict.pattern_id for _, verdict in verdicts],
                [now if ask_model and _is_unsure(verdict) else None for _, verdict in verdicts],
                MessageAnalysis.Source.PERSON,
            ],
        )


def _is_unsure(verdict: Verdict) -> bool:
    return bool(settings.DEEPSEEK_API_KEY) and verdict.confidence < settings.CLASSIFY_MODEL_BELOW
