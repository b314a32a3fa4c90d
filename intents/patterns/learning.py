"""Fitting the experience (experience.py) to labelled messages: when the data change, not in the hub.

Stochastic gradient descent with AdaGrad's steps on logistic regression, in plain Python: seconds for some
thousand messages, the same figures on every run, and no library that the hub would not need otherwise.
"""

import hashlib
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from pathlib import Path

from intents.evaluation import Labelled
from intents.models import Intent, Sentiment
from intents.patterns.experience import HEADS, LABELS, Experience, features
from intents.patterns.reading import Token

EPOCHS = 25
STEP = 0.15
# How strongly weights are pulled to zero: what few messages say weighs little.
PULL = 0.01
# A word of one message alone teaches nothing but that message.
LEAST_MESSAGES = 2
# Weights are kept in hundredths; what never reaches this much is left out.
LEAST_WEIGHT = 0.05

_INTENTS = dict(
    zip(
        (Intent.ORDER, Intent.QUESTION, Intent.INTEREST, Intent.COMPLAINT, Intent.CONFIRMATION,
         Intent.BROADCAST, Intent.OTHER),
        HEADS["intent"],
        strict=True,
    )
)  # fmt: skip
_MOODS = dict(zip((Sentiment.POSITIVE, Sentiment.NEUTRAL, Sentiment.NEGATIVE), HEADS["mood"], strict=True))
Reader = Callable[[str], Sequence[Token]]


def learn(messages: Sequence[Labelled], read: Reader) -> Experience:
    """The experience that these messages teach. Rows without a mood or an urgency teach the rest."""
    seen = [sorted({name for name in set().union(*_names(one, read)) if name[0] != "!"}) for one in messages]
    counted = Counter(name for names in seen for name in names)
    rows = [[name for name in names if counted[name] >= LEAST_MESSAGES] for names in seen]
    weights: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(LABELS))
    prior = [0.0] * len(LABELS)
    truths = [_truths(one) for one in messages]
    for head, labels in HEADS.items():
        known = [(row, truth[head]) for row, truth in zip(rows, truths, strict=True) if head in truth]
        start = LABELS.index(labels[0])
        own_prior, own_weights = _fit(known, labels)
        prior[start : start + len(labels)] = own_prior
        for name, values in own_weights.items():
            weights[name][start : start + len(labels)] = values
    return Experience(
        tuple(round(value, 2) for value in prior),
        {
            name: tuple(round(value, 2) for value in values)
            for name, values in sorted(weights.items())
            if max(map(abs, values)) >= LEAST_WEIGHT
        },
    )


def _names(message: Labelled, read: Reader) -> list[Set[str]]:
    return [names for _, names in features(read(message.text), message.role)]


def _truths(message: Labelled) -> dict[str, str]:
    truths = {"intent": _INTENTS[Intent(message.intent)]}
    if message.sentiment is not None:
        truths["mood"] = _MOODS[Sentiment(message.sentiment)]
    if message.is_urgent is not None:
        truths["urgency"] = HEADS["urgency"][0 if message.is_urgent else 1]
    return truths


def _fit(
    rows: list[tuple[list[str], str]], labels: tuple[str, ...]
) -> tuple[list[float], dict[str, list[float]]]:
    """Prior and weights by feature. AdaGrad: each weight's step shrinks with what it has moved already."""
    count = len(labels)
    weights: dict[str, list[float]] = defaultdict(lambda: [0.0] * count)
    moved: dict[str, list[float]] = defaultdict(lambda: [1e-3] * count)
    prior = [0.0] * count
    chance = random.Random(0)  # noqa: S311  (an order of reading, no secret)
    rows = list(rows)
    for _ in range(EPOCHS):
        chance.shuffle(rows)
        for names, label in rows:
            own = [(weights[name], moved[name]) for name in names]
            errors = _errors([sum(column) for column in zip(prior, *(w for w, _ in own), strict=True)])
            errors[labels.index(label)] -= 1.0
            for place, error in enumerate(errors):
                prior[place] -= error / 50
                if abs(error) < 1e-4:
                    continue
                for values, squares in own:
                    slope = error + PULL * values[place]
                    squares[place] += slope * slope
                    values[place] -= STEP * slope / math.sqrt(squares[place])
    return prior, weights


def _errors(sums: list[float]) -> list[float]:
    """The probabilities that sums stand for."""
    top = max(sums)
    powers = [math.exp(value - top) for value in sums]
    whole = sum(powers)
    return [power / whole for power in powers]


def write(experience: Experience, path: Path, *, learned_from: Iterable[Path]) -> None:
    """Keep it: a line a feature, weights in hundredths, and the digest of each file it was learned from."""
    lines = ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}: {json.dumps([round(value * 100) for value in values])}"
        for name, values in experience.weights.items()
    )
    head = {
        "learned_from": {file.name: digest(file) for file in learned_from},
        "labels": LABELS,
        "prior": [round(value * 100) for value in experience.prior],
    }
    opening = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    path.write_text(f'{opening},\n "weights": {{\n{lines}\n}}}}\n', encoding="utf-8")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
