"""A person's word on what a message means: written down, and standing until a person takes it back.

Locks as ingest takes them: the message's row first, then its analysis. Whatever a machine says meanwhile
comes too late, since patterns, model and reclassifying all leave what a person decided.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from intents.classification import classify_by_patterns, role_of, words_of
from intents.corrections.models import AnalysisCorrection, Field
from intents.entities.schema import Entity, valid_entities
from intents.labels import Intent, Sentiment
from intents.models import MessageAnalysis
from messaging.announcing import announce_soon
from messaging.models import Message

PERMISSION = "intents.correct_messageanalysis"
Kind = AnalysisCorrection.Kind
PERSON = MessageAnalysis.Source.PERSON


class CorrectionError(Exception):
    """It cannot be done; the message says why, in the reader's language."""


class SeenOtherwiseError(CorrectionError):
    """What the person saw is no longer what stands."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a person says of a message; None where they do not speak of it."""

    intent: str | None = None
    sentiment: str | None = None
    is_urgent: bool | None = None
    entities: list[Entity] | None = None

    def spoken(self) -> dict[str, Any]:
        """By field. Raises CorrectionError for a label that does not exist."""
        said = {name: getattr(self, name) for name in Field.values if getattr(self, name) is not None}
        if said.get("intent", Intent.OTHER) not in Intent.values:
            raise CorrectionError(_("There is no such intent."))
        if said.get("sentiment", Sentiment.NEUTRAL) not in Sentiment.values:
            raise CorrectionError(_("There is no such sentiment."))
        if "entities" in said:
            said["entities"] = valid_entities(said["entities"])
        return said


class _ThisTransaction(models.Func):
    template = "pg_current_xact_id()::text::bigint"
    output_field = models.BigIntegerField()


def correct(*, message_id: int, user: User, word: Word, seen: str = "") -> MessageAnalysis:
    """Let the person's word stand; what they did not speak of stays as it was, and is theirs, too.

    `seen` is the fingerprint of what they saw; where it is given and something else stands by now, nothing is
    done. Saying again what a person said already changes nothing. Raises CorrectionError.
    """
    spoken = word.spoken()
    if not spoken:
        raise CorrectionError(_("Nothing was said."))
    with transaction.atomic():
        analysis = _locked(message_id)
        _check_seen(analysis, seen)
        changed = any(getattr(analysis, name) != value for name, value in spoken.items())
        kind = Kind.CORRECTED if changed else Kind.CONFIRMED
        if analysis.source == PERSON and not changed and _has_spoken_of(message_id, set(spoken)):
            return analysis
        return _let_stand(analysis, user, kind, spoken)


def confirm(*, message_id: int, user: User, seen: str) -> MessageAnalysis:
    """ "Right as it is": all of it, as the person saw it. Raises SeenOtherwiseError, CorrectionError."""
    with transaction.atomic():
        analysis = _locked(message_id)
        _check_seen(analysis, seen)
        spoken = {name: getattr(analysis, name) for name in Field.values}
        if analysis.source == PERSON and _has_spoken_of(message_id, set(spoken)):
            return analysis
        return _let_stand(analysis, user, Kind.CONFIRMED, spoken)


def take_back(*, message_id: int, user: User) -> MessageAnalysis | None:
    """Let the patterns speak again, and the model where they are unsure; None where no words are left.

    Where no person's word stands, nothing is done. Raises CorrectionError.
    """
    with transaction.atomic():
        analysis = _locked(message_id)
        if analysis.source != PERSON:
            return analysis
        before = _snapshot(analysis)
        MessageAnalysis.objects.filter(pk=analysis.pk).update(source=MessageAnalysis.Source.PATTERN)
        classify_by_patterns([analysis.message])
        if words_of(analysis.message).strip():
            analysis.refresh_from_db(from_queryset=MessageAnalysis.objects.select_related("message"))
            remaining: MessageAnalysis | None = analysis
        else:
            MessageAnalysis.objects.filter(pk=analysis.pk).delete()
            remaining = None
        _write_down(analysis, user, Kind.TAKEN_BACK, [], before)
        _tell(message_id)
    return remaining


def last_word(message_id: int) -> AnalysisCorrection | None:
    """The newest entry of a message's log."""
    return AnalysisCorrection.objects.filter(message_id=message_id).order_by("-id").first()


def _locked(message_id: int) -> MessageAnalysis:
    messages = Message.objects.filter(pk=message_id).order_by()
    if not messages.select_for_update(no_key=True).values_list("pk").first():
        raise CorrectionError(_("There is no such message."))
    analyses = MessageAnalysis.objects.select_related("message__user__role", "pattern")
    analysis = analyses.filter(message_id=message_id).select_for_update(of=("self",)).first()
    if analysis is None:
        raise CorrectionError(_("This message has no words to judge, or was not read yet."))
    return analysis


def _check_seen(analysis: MessageAnalysis, seen: str) -> None:
    if seen and seen != analysis.fingerprint:
        raise SeenOtherwiseError(_("It was classified anew meanwhile. Look again: nothing was saved."))


def _has_spoken_of(message_id: int, fields: set[str]) -> bool:
    """Whether people's words since the last one that was taken back name all of these fields."""
    named: set[str] = set()
    log = AnalysisCorrection.objects.filter(message_id=message_id).order_by("-id")
    for kind, names in log.values_list("kind", "fields"):
        if kind == Kind.TAKEN_BACK:
            break
        named |= set(names)
    return fields <= named


def _let_stand(analysis: MessageAnalysis, user: User, kind: str, spoken: dict[str, Any]) -> MessageAnalysis:
    before = _snapshot(analysis)
    for name, value in spoken.items():
        setattr(analysis, name, value)
    analysis.source, analysis.confidence, analysis.pattern = PERSON, 1.0, None
    analysis.model_used = analysis.prompt_version = analysis.model_error = ""
    analysis.model_due_at, analysis.model_attempts = None, 0
    analysis.updated_at = timezone.now()
    analysis.save(
        update_fields=[
            *spoken, "source", "confidence", "pattern", "model_used", "prompt_version", "model_error",
            "model_due_at", "model_attempts", "updated_at",
        ]
    )  # fmt: skip
    _write_down(analysis, user, kind, list(spoken), before)
    _tell(analysis.message_id)
    return analysis


def _snapshot(analysis: MessageAnalysis) -> dict[str, Any]:
    """The columns `…_before` of the log."""
    return {
        "intent_before": analysis.intent,
        "sentiment_before": analysis.sentiment,
        "is_urgent_before": analysis.is_urgent,
        "entities_before": analysis.entities,
        "source_before": analysis.source,
        "model_before": analysis.model_used,
        "prompt_version_before": analysis.prompt_version,
        "confidence_before": analysis.confidence,
        "pattern_before": analysis.pattern_id,
        "pattern_name_before": analysis.pattern.pattern_name if analysis.pattern else "",
    }


def _write_down(
    analysis: MessageAnalysis, user: User, kind: str, fields: list[str], before: dict[str, Any]
) -> None:
    AnalysisCorrection.objects.create(
        message=analysis.message,
        kind=kind,
        fields=fields,
        text=words_of(analysis.message),
        sender_role=role_of(analysis.message),
        intent=analysis.intent,
        sentiment=analysis.sentiment,
        is_urgent=analysis.is_urgent,
        entities=analysis.entities,
        actor_name=(user.get_full_name() or user.get_username())[:150],
        actor_user=user,
        **before,
    )


def _tell(message_id: int) -> None:
    """Bring the message back in the feed; drafts stay fresh, as nobody said anything."""
    Message.objects.filter(pk=message_id).update(
        said_xid=Coalesce("said_xid", F("changed_xid")), changed_xid=_ThisTransaction()
    )
    announce_soon()
