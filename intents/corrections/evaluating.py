"""Patterns and model measured against what people said of the same messages.

Each message counts once per field, with the last word that a person left standing on it. The patterns judge
now; what the model said is what it had said when a person first spoke, by the version of its prompt.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from intents.corrections.models import AnalysisCorrection, Field
from intents.entities.extraction import extract
from intents.entities.schema import Entity
from intents.evaluation import Judged, Labelled, Report, Score, evaluate, judge_by_patterns
from intents.labels import Intent
from intents.models import MessageAnalysis

Kind = AnalysisCorrection.Kind
_CHUNK = 1000


class NoCorrectionsError(Exception):
    """There is nothing to measure by; the message says so in one line."""


class EntityScore(TypedDict):
    """How many of the messages whose entities a person spoke of had exactly theirs."""

    messages: int
    right: int


class JudgeReport(TypedDict):
    """One judge against people: None for what nobody spoke of. `intents` is as for labelled messages."""

    messages: int
    intents: Report | None
    urgent: Score | None
    sentiment_accuracy: float | None
    entities: EntityScore | None


class CorrectionsReport(TypedDict):
    """What `evaluate_classifier --corrections --json` prints; `models` by the version of their prompt."""

    messages: int
    patterns: JudgeReport
    models: dict[str, JudgeReport]


@dataclass(slots=True)
class Corrected:
    """One message with people's word on it, and what the model had said (None: it had not spoken)."""

    text: str
    role: str
    said_at: datetime
    said: dict[str, Any] = field(default_factory=dict)
    model: Judged | None = None
    model_entities: Sequence[Entity] = ()
    prompt_version: str = ""

    def labelled(self) -> Labelled:
        """Without a word on the intent there is a stand-in, which nothing is measured by."""
        intent = self.said.get("intent", Intent.OTHER)
        return Labelled(self.text, self.role, intent, self.said.get("sentiment"), self.said.get("is_urgent"))


def evaluate_corrections(*, since: datetime | None = None) -> CorrectionsReport:
    """Measure by the words that people left standing, of those that spoke since then.

    Raises NoCorrectionsError.
    """
    corrected = [each for each in read_corrections(since=since) if each.said]
    if not corrected:
        raise NoCorrectionsError(
            "Nobody has corrected or confirmed anything" + (" since then." if since else " yet.")
        )
    by_version: dict[str, list[Corrected]] = {}
    for each in corrected:
        if each.model is not None:
            by_version.setdefault(each.prompt_version or "unknown", []).append(each)
    now = judge_by_patterns([each.labelled() for each in corrected])
    found_now = [extract(each.text, each.said_at) for each in corrected]
    return {
        "messages": len(corrected),
        "patterns": _report(corrected, now, found_now),
        "models": {
            version: _report(
                rows, [row.model for row in rows if row.model], [row.model_entities for row in rows]
            )
            for version, rows in sorted(by_version.items())
        },
    }


def read_corrections(*, since: datetime | None = None) -> Iterator[Corrected]:
    """Messages on which people spoke, oldest first; those whose last word was taken back hold no word."""
    # Of people who asked to be erased no words are left to measure by.
    log = AnalysisCorrection.objects.filter(message__erased_at=None)
    log = log.select_related("message").defer("message__search_vector")
    log = log.order_by("message_id", "id")
    if since is not None:
        spoken_since = AnalysisCorrection.objects.filter(created_at__gte=since).values("message_id")
        log = log.filter(message_id__in=spoken_since)
    current: Corrected | None = None
    message_id = None
    for row in log.iterator(chunk_size=_CHUNK):
        if row.message_id != message_id:
            if current is not None:
                yield current
            message_id, current = row.message_id, None
        current = _after(current, row)
    if current is not None:
        yield current


def _after(current: Corrected | None, row: AnalysisCorrection) -> Corrected:
    """What is known of a message once this entry of its log is read."""
    if row.kind == Kind.TAKEN_BACK:
        return Corrected(row.text, row.sender_role, row.message.timestamp)
    if current is None or row.source_before != MessageAnalysis.Source.PERSON:
        current = Corrected(row.text, row.sender_role, row.message.timestamp)
    if row.source_before == MessageAnalysis.Source.MODEL:
        current.model = Judged(row.intent_before, row.sentiment_before, row.is_urgent_before)
        current.model_entities = row.entities_before
        current.prompt_version = row.prompt_version_before
    current.text, current.role = row.text, row.sender_role
    current.said |= {name: getattr(row, name) for name in row.fields}
    return current


def _report(
    rows: Sequence[Corrected], judged: Sequence[Judged], found: Sequence[Sequence[Entity]]
) -> JudgeReport:
    pairs = list(zip(rows, judged, strict=True))
    whole = _evaluate(pairs)
    with_intent = [(row, verdict) for row, verdict in pairs if Field.INTENT in row.said]
    with_entities = [
        _facts(entities) == _facts(row.said["entities"])
        for row, entities in zip(rows, found, strict=True)
        if Field.ENTITIES in row.said
    ]
    return {
        "messages": len(rows),
        "intents": _evaluate(with_intent) if with_intent else None,
        "urgent": whole["urgent"],
        "sentiment_accuracy": whole["sentiment_accuracy"],
        "entities": {"messages": len(with_entities), "right": sum(with_entities)} if with_entities else None,
    }


def _evaluate(pairs: Sequence[tuple[Corrected, Judged]]) -> Report:
    return evaluate([row.labelled() for row, _ in pairs], lambda _messages: [verdict for _, verdict in pairs])


def _facts(entities: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Without the words that they were read in, and whether goods or times were named first."""
    by_kind = sorted(entities, key=lambda each: str(each.get("kind")))
    return [{name: value for name, value in each.items() if name != "text"} for each in by_kind]
