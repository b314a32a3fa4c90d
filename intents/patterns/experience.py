"""What messages that people labelled teach beside the rules: which intent a message looks like.

Rules say what somebody thought of; a message in words that nobody thought of still resembles others. Here
each word, each pair of neighbouring words and each class (`<количество>`, `<вопрос>`) carries how much it
spoke for each label in labelled messages (logistic regression, fitted by learning.py, kept in
experience.json). A rule asks for it as for any class of words: `<похоже на заказ>` says how much a message
looks like an order, from 0 to 1 of the rule's weight, so people weigh it, limit it and switch it off.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, Self

from intents.patterns.reading import Token

FILE = Path(__file__).with_name("experience.json")
# Each head is a question of its own: its labels exclude one another.
HEADS: dict[str, tuple[str, ...]] = {
    "intent": (
        "<похоже на заказ>", "<похоже на вопрос>", "<похоже на интерес>", "<похоже на жалобу>",
        "<похоже на согласие>", "<похоже на рассылку>", "<похоже на другое>",
    ),
    "mood": ("<похоже на радость>", "<похоже на спокойное>", "<похоже на недовольство>"),
    "urgency": ("<похоже на срочное>", "<похоже на несрочное>"),
}  # fmt: skip
LABELS = tuple(label for labels in HEADS.values() for label in labels)
CLASSES = frozenset(LABELS)
# An intent or a mood less likely than e^-3 (5 %) is no likeness at all.
LEAST_LOG = -3.0
# From which probability on urgency is likely enough to be said: a needless look costs less than one too late.
LIKELY = 0.25
_LIKELY_LOG = math.log(LIKELY)
# How many words of the message are named as the reason.
NAMED_WORDS = 3


Weights = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A message in which likenesses were seen: its known features are put together when somebody asks why."""

    weights: Mapping[str, Weights]
    tokens: Sequence[Token]
    sender_role: str

    def known(self) -> Iterator[tuple[str, Weights]]:
        """The words of what is known, and how much that speaks for each label."""
        for text, names in features(self.tokens, self.sender_role):
            for name in names & self.weights.keys():
                yield text, self.weights[name]


class Likeness(NamedTuple):
    """How much a message looks like a label (its place in LABELS), from 0 to 1."""

    strength: float
    place: int
    seen: Seen

    @property
    def words(self) -> str:
        """The words that speak most for the label, in the order of the message."""
        spoken: dict[str, float] = {}
        for text, weights in self.seen.known():
            if text and weights[self.place] > 0:
                spoken[text] = spoken.get(text, 0.0) + weights[self.place]
        most = sorted(spoken, key=lambda text: -spoken[text])[:NAMED_WORDS]
        return " … ".join(text for text in spoken if text in most)


@dataclass(frozen=True)
class Experience:
    """Weights by feature, one for each of LABELS; `prior` is what a message without words would look like."""

    prior: Weights
    weights: Mapping[str, Weights]

    @classmethod
    def load(cls, path: Path = FILE) -> Self:
        kept = json.loads(path.read_text(encoding="utf-8"))
        weights = {name: tuple(value / 100 for value in values) for name, values in kept["weights"].items()}
        return cls(tuple(value / 100 for value in kept["prior"]), weights)

    def liken(self, tokens: Sequence[Token], sender_role: str) -> dict[str, Likeness]:
        """What a message looks like, by label; labels that are unlikely are left out.

        Nothing, where not one of its words is known: length and sender alone are no likeness.
        """
        own = [self._own_sums(frozenset(token.keys), token.is_negated) for token in tokens]
        if not any(is_word_known for _, is_word_known in own):
            return {}
        parts = [self.prior, *[sums for sums, _ in own if sums]]
        parts += [
            weights for _, name in _neighbours(tokens, sender_role) if (weights := self.weights.get(name))
        ]
        seen = Seen(self.weights, tokens, sender_role)
        sums = list(map(sum, zip(*parts, strict=True)))
        return {LABELS[place]: Likeness(strength, place, seen) for place, strength in _strengths(sums)}

    @cached_property
    def _own_sums(self) -> Callable[[frozenset[str], bool], tuple[Weights, bool]]:
        """What a token's own features say together, () for nothing, and whether its word is known.

        Kept for the words met last: most messages are made of the same ones.
        """

        @lru_cache(maxsize=20_000)
        def own_sums(keys: frozenset[str], is_negated: bool) -> tuple[Weights, bool]:
            known = [self.weights[name] for name in _own(keys, is_negated) & self.weights.keys()]
            is_word_known = any(key in self.weights for key in keys if key[0] != "<")
            return tuple(map(sum, zip(*known, strict=True))), is_word_known

        return own_sums


@cache
def shipped() -> Experience:
    """The experience that comes with the hub."""
    return Experience.load()


def features(tokens: Sequence[Token], sender_role: str) -> Iterator[tuple[str, Set[str]]]:
    """What is known of a message: the words, and the names of what each shows ("" for none)."""
    for token in tokens:
        yield token.text, _own(token.keys, token.is_negated)
    for text, name in _neighbours(tokens, sender_role):
        yield text, {name}


def _own(keys: Set[str], is_negated: bool) -> Set[str]:
    return {f"не {key}" for key in keys} if is_negated else keys


def _neighbours(tokens: Sequence[Token], sender_role: str) -> Iterator[tuple[str, str]]:
    """What stands beside what, how long the message is, and who wrote it."""
    before, count = "^", 0
    for token in tokens:
        if token.text and not token.is_filler:
            count += 1
            yield token.text, f"{before} {token.name}"
            before = token.name
    yield "", f"{before} $"
    yield "", f"words {min(count, 12) // 2}"
    yield "", f"sender {sender_role}"


def _strengths(sums: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Place in LABELS and strength of what is likely."""
    start = 0
    for head, labels in HEADS.items():
        end = start + len(labels)
        # From the largest down: a hundred roses in a row would be more than e^x can hold.
        top = max(sums[start:end])
        whole = top + math.log(sum(math.exp(value - top) for value in sums[start:end]))
        for place in range(start, end):
            likely = sums[place] - whole
            if head == "urgency":
                if likely > _LIKELY_LOG:
                    yield place, 1.0
            elif likely > LEAST_LOG:
                yield place, 1 - likely / LEAST_LOG
        start = end
