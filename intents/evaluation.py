"""How good a classifier is on labelled messages: accuracy, and per intent precision, recall and F1."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from clients.models import RoleName
from cvgorod_hub.common.external import ExternalServiceError
from intents.llm import deepseek
from intents.llm.prompt import Asked
from intents.models import Intent, Sentiment
from intents.patterns.rulebook import load_classifier

MODEL_BATCH = 20


class LabelledFileError(Exception):
    """The file cannot be used; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message and what a person says about it; None where the file does not say."""

    text: str
    role: str
    intent: str
    sentiment: str | None
    is_urgent: bool | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the classifier says."""

    intent: str
    sentiment: str
    is_urgent: bool


class Score(TypedDict):
    precision: float
    recall: float
    f1: float
    support: int


class Report(TypedDict):
    """What `evaluate_classifier --json` prints."""

    messages: int
    accuracy: float
    macro_f1: float
    intents: dict[str, Score]
    confusion: dict[str, dict[str, int]]
    sentiment_accuracy: float | None
    urgent: Score | None


Judge = Callable[[Sequence[Labelled]], list[Judged]]


def read_labelled(path: Path) -> list[Labelled]:
    """The rows of a CSV with the columns text, intent, and optionally sender_role, sentiment, urgent.

    Raises LabelledFileError.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for column in ("text", "intent"):
                if column not in (reader.fieldnames or ()):
                    raise LabelledFileError(f"{path} has no column {column}.")
            rows = [_labelled(path, number, row) for number, row in enumerate(reader, start=1)]
    except OSError as error:
        raise LabelledFileError(f"{path} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelledFileError(f"{path} is no CSV in UTF-8: {error}.") from None
    if not rows:
        raise LabelledFileError(f"{path} holds no messages.")
    return rows


def _labelled(path: Path, number: int, row: dict[str, str | None]) -> Labelled:
    intent, sentiment, urgent = ((row.get(name) or "").strip() for name in ("intent", "sentiment", "urgent"))
    for name, value, known in (
        ("intent", intent, Intent.values),
        ("sentiment", sentiment, ["", *Sentiment.values]),
        ("urgent", urgent, ["", "0", "1"]),
    ):
        if value not in known:
            raise LabelledFileError(f"{path}, message {number}: {name} «{value[:40]}» is not known.")
    role = (row.get("sender_role") or "").strip() or RoleName.CLIENT
    return Labelled(row.get("text") or "", role, intent, sentiment or None, urgent == "1" if urgent else None)


def judge_by_patterns(messages: Sequence[Labelled]) -> list[Judged]:
    """What the patterns in the database say."""
    classifier = load_classifier()
    verdicts = [classifier.classify(message.text, message.role) for message in messages]
    return [Judged(verdict.intent, verdict.sentiment, verdict.is_urgent) for verdict in verdicts]


def judge_by_model(messages: Sequence[Labelled]) -> list[Judged]:
    """What DeepSeek says. Raises ExternalServiceError, also where a message got no usable row."""
    judged: list[Judged] = []
    for start in range(0, len(messages), MODEL_BATCH):
        batch = messages[start : start + MODEL_BATCH]
        reply = deepseek.ask(
            [Asked(number, message.role, message.text) for number, message in enumerate(batch, start=1)]
        )
        if len(reply.rows) < len(batch):
            raise ExternalServiceError(f"DeepSeek answered {len(reply.rows)} of {len(batch)} messages")
        judged += [Judged(row.intent, row.sentiment, row.is_urgent) for _, row in sorted(reply.rows.items())]
    return judged


def evaluate(messages: Sequence[Labelled], judge: Judge) -> Report:
    """Judge the messages and compare."""
    judged = judge(messages)
    pairs = Counter((message.intent, one.intent) for message, one in zip(messages, judged, strict=True))
    scores = {intent: _score_of(pairs, intent) for intent in Intent.values}
    present = [score["f1"] for score in scores.values() if score["support"]]
    moods = [
        (message.sentiment, one.sentiment)
        for message, one in zip(messages, judged, strict=True)
        if message.sentiment is not None
    ]
    urgencies = Counter(
        (message.is_urgent, one.is_urgent)
        for message, one in zip(messages, judged, strict=True)
        if message.is_urgent is not None
    )
    return {
        "messages": len(messages),
        "accuracy": round(sum(pairs[intent, intent] for intent in Intent.values) / len(messages), 4),
        "macro_f1": round(sum(present) / len(present), 4),
        "intents": scores,
        "confusion": {said: {found: pairs[said, found] for found in Intent.values} for said in Intent.values},
        "sentiment_accuracy": round(sum(a == b for a, b in moods) / len(moods), 4) if moods else None,
        "urgent": _score(urgencies[True, True], urgencies[False, True], urgencies[True, False])
        if urgencies
        else None,
    }


def _score_of(pairs: Counter[tuple[str, str]], intent: str) -> Score:
    right = pairs[intent, intent]
    wrongly = sum(count for (said, found), count in pairs.items() if found == intent != said)
    missed = sum(count for (said, found), count in pairs.items() if said == intent != found)
    return _score(right, wrongly, missed)


def _score(right: int, wrongly: int, missed: int) -> Score:
    precision = right / (right + wrongly) if right + wrongly else 0.0
    recall = right / (right + missed) if right + missed else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "support": right + missed,
    }
