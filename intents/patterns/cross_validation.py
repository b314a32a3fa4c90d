"""What the experience is worth on messages that it was not learned from: k-fold cross-validation.

The rules are hand-written and stay as they are, whatever they were written by; so this measures what
is learned from data. What a rule is worth on new messages shows only at first contact with them.
"""

from collections.abc import Sequence
from typing import TypedDict

from intents.evaluation import Judged, Labelled
from intents.patterns.classifier import Classifier
from intents.patterns.learning import learn
from intents.patterns.rulebook import load_classifier, rules_in_use


class Folds(TypedDict):
    """How far the accuracies of the parts lie apart."""

    folds: int
    lowest_accuracy: float
    highest_accuracy: float


def judge_in_folds(messages: Sequence[Labelled], folds: int) -> list[Judged]:
    """Each message judged by the patterns with an experience learned from the other folds alone.

    Messages are dealt to the folds in turn, so that every fold has of each author. Seconds a fold.
    """
    rules, read = rules_in_use(), load_classifier().read
    judged: list[Judged | None] = [None] * len(messages)
    for fold in range(folds):
        rest = [message for number, message in enumerate(messages) if number % folds != fold]
        classifier = Classifier(rules, experience_of=learn(rest, read))
        for number in range(fold, len(messages), folds):
            verdict = classifier.classify(messages[number].text, messages[number].role)
            judged[number] = Judged(verdict.intent, verdict.sentiment, verdict.is_urgent)
    return [one for one in judged if one is not None]


def spread(messages: Sequence[Labelled], judged: Sequence[Judged], folds: int) -> Folds:
    """The lowest and the highest accuracy of a fold."""
    right = [message.intent == one.intent for message, one in zip(messages, judged, strict=True)]
    each = [sum(right[fold::folds]) / len(right[fold::folds]) for fold in range(folds)]
    return {
        "folds": folds,
        "lowest_accuracy": round(min(each), 4),
        "highest_accuracy": round(max(each), 4),
    }
