"""The embedded classifier: rules in, verdict out, no database and no network.

How a verdict is found:
1. A rule speaks when its sender and length conditions hold, none of its exceptions is said, and one of its
   phrases or its expression is found (a rule without either speaks of every message of its sender).
2. Of the rules that speak for an intent, those of the lowest priority number decide; the others are silent.
3. Their weights add up by intent and the largest sum wins (on equal sums: complaint, order, question,
   interest, confirmation, mailing, other: what must be acted on first). In a sentence that asks, a rule
   weighs less (IN_A_QUESTION): "беру 5 пачек?" orders nothing.
4. A rule of weight 0 says nothing about the intent; it only marks urgency or mood, whatever its priority.
   A mailing calls nobody and is in no mood: there such rules are silent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from re import Pattern
from typing import NamedTuple, Protocol

from intents.models import Intent, Sentiment
from intents.patterns import experience, regexes, vocabulary
from intents.patterns.experience import Experience, Likeness
from intents.patterns.morphology import Speller, keyword_keys
from intents.patterns.phrases import Found, Index, Phrase, parse
from intents.patterns.reading import Token, Word, read, read_word

# Plain strings: members of an enumeration are hashed in Python, and these are looked up for each message.
ORDER_OF_ACTING = tuple(
    intent.value
    for intent in (
        Intent.COMPLAINT,
        Intent.ORDER,
        Intent.QUESTION,
        Intent.INTEREST,
        Intent.CONFIRMATION,
        Intent.BROADCAST,
        Intent.OTHER,
    )
)
ORDER_OF_MOODS = (Sentiment.NEUTRAL.value, Sentiment.NEGATIVE.value, Sentiment.POSITIVE.value)
IN_A_QUESTION = {
    Intent.ORDER.value: 0.4,
    Intent.CONFIRMATION.value: 0.25,
    Intent.INTEREST.value: 0.4,
    Intent.COMPLAINT.value: 0.8,
    Intent.OTHER.value: 0.5,
}
CONFIDENCE_OF_SILENCE = 0.3
# Experience knows moods better than words alone do: its vote counts as those of so many rules.
LIKENESS_VOTES = 1.5
# A sum of evidence that leaves little doubt, where nothing speaks for another intent.
PLENTY = 2.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A MessagePattern without its table. `sender_role` is a role's name, `sentiment` may be empty."""

    id: int
    name: str
    intent: str
    keywords: Sequence[str] = ()
    exceptions: Sequence[str] = ()
    regex: str = ""
    sender_role: str = ""
    min_length: int = 0
    priority: int = 100
    weight: float = 1.0
    is_urgent: bool = False
    sentiment: str = ""

    def hears(self, sender_role: str) -> bool:
        return not self.sender_role or self.sender_role == sender_role


class Source(Protocol):
    """What a rule saw in a message."""

    @property
    def words(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Matched:
    """What a regular expression saw."""

    words: str


class Spoken(NamedTuple):
    """A rule that spoke: how strongly, how much of its weight that is, and what it saw.

    It saw nothing where it speaks of a sender alone.
    """

    rule: Rule
    weight: float
    source: Source | None
    share: float = 1.0

    @property
    def words(self) -> str:
        return self.source.words if self.source else ""

    @property
    def is_likeness(self) -> bool:
        return isinstance(self.source, Likeness)

    @property
    def reason(self) -> str:
        said = f"«{self.words}»" if self.words else self.rule.sender_role
        return f"{self.rule.name} ({self.rule.intent} {self.weight:+.2g}): {said}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message means. `confidence` from 0 to 1; `sums`: how much spoke for each intent, most first."""

    intent: str
    sentiment: str
    is_urgent: bool
    confidence: float
    pattern_id: int | None
    sums: tuple[tuple[str, float], ...]
    voices: tuple[Spoken, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The rules that spoke, and their words."""
        return tuple(voice.reason for voice in self.voices)


# A share of a rule's weight, and what it saw.
Heard = tuple[float, Source | None]


class Classifier:
    """Rules made ready. Raises PhraseError or RegexError for a rule that cannot be read."""

    def __init__(self, rules: Iterable[Rule], *, experience_of: Experience | None = None) -> None:
        """`experience_of`: another one than the hub's own, to measure it."""
        self.rules = tuple(rules)
        phrases = [(parse(text), n) for n, rule in enumerate(self.rules) for text in rule.keywords]
        exceptions = [parse(text) for rule in self.rules for text in rule.exceptions]
        self._parsed = phrases
        self._phrases = cache(self._phrases_for)
        self._exceptions = {
            n: Index((parse(text), n) for text in rule.exceptions)
            for n, rule in enumerate(self.rules)
            if rule.exceptions
        }
        compares = any(phrase.likenesses for phrase in [*(phrase for phrase, _ in phrases), *exceptions])
        self._experience = (experience_of or experience.shipped()) if compares else None
        self._expressions: list[tuple[int, Pattern[str]]] = [
            (n, regexes.compile_safely(rule.regex)) for n, rule in enumerate(self.rules) if rule.regex
        ]
        self._settled: dict[str, list[Spoken]] = {}
        self._unconditional = [n for n, rule in enumerate(self.rules) if not rule.keywords and not rule.regex]
        speller = Speller(_spelling([phrase for phrase, _ in phrases]))
        self._word = lru_cache(maxsize=50_000)(lambda text: read_word(text, speller))

    def classify(self, text: str, sender_role: str = "client") -> Verdict:
        """The verdict on a message of a person with this role."""
        return verdict_on(self.explain(text, sender_role))

    def explain(self, text: str, sender_role: str = "client") -> list[Spoken]:
        """The rules that decide on a message and the words in which they saw it, strongest first."""
        if sender_role not in self._settled:
            self._settled[sender_role] = self._said_of_all(sender_role)
        if settled := self._settled[sender_role]:
            return settled
        return sorted(_deciding(self._spoken(text, sender_role)), key=lambda voice: -voice.weight)

    def look_up(self, word: str) -> Word:
        return self._word(word)

    def read(self, text: str) -> list[Token]:
        """The message as the rules read it."""
        return read(text, self._word)

    def _phrases_for(self, sender_role: str) -> Index:
        """The phrases of the rules that hear this sender: those for others need not be looked for."""
        return Index((phrase, n) for phrase, n in self._parsed if self.rules[n].hears(sender_role))

    def _said_of_all(self, sender_role: str) -> list[Spoken]:
        """What is said of every message of a sender who only mails: no word of his can change it.

        Empty where the first rules to be heard ask for words, or speak for anything but a mailing.
        """
        heard = [rule for rule in self.rules if rule.hears(sender_role) and rule.weight > 0]
        first = min((rule.priority for rule in heard), default=0)
        deciding = [rule for rule in heard if rule.priority == first]
        if all(rule.intent == Intent.BROADCAST.value and _asks_nothing(rule) for rule in deciding):
            return sorted((Spoken(rule, rule.weight, None) for rule in deciding), key=lambda one: -one.weight)
        return []

    def _spoken(self, text: str, sender_role: str) -> list[Spoken]:
        tokens = self.read(text)
        likenesses = self._experience.liken(tokens, sender_role) if self._experience else {}
        tokens[0].keys.update(likenesses)
        found: dict[int, Heard] = dict.fromkeys(self._unconditional, (1.0, None))
        said = set().union(*(token.keys for token in tokens))
        for number, finding in self._phrases(sender_role).search(tokens, said):
            heard = _heard(self.rules[number], finding, likenesses)
            if number not in found or heard[0] > found[number][0]:
                found[number] = heard
        for number, expression in self._expressions:
            if match := regexes.search(expression, text):
                found[number] = 1.0, Matched(match.group())
        length = len(text.strip())
        return [
            Spoken(rule, rule.weight * share, source, share)
            for number, (share, source) in sorted(found.items())
            if (rule := self.rules[number]).hears(sender_role)
            and length >= rule.min_length
            and not (number in self._exceptions and self._exceptions[number].is_said(tokens, said))
        ]


def _asks_nothing(rule: Rule) -> bool:
    return not (rule.keywords or rule.regex or rule.exceptions or rule.min_length)


def verdict_on(deciding: Sequence[Spoken]) -> Verdict:
    """What the rules that decide say together."""
    sums = _sums(deciding)
    intent = _largest(sums)
    strongest = max(
        (voice for voice in deciding if voice.rule.intent == intent and voice.weight > 0),
        key=lambda voice: voice.weight,
        default=None,
    )
    return Verdict(
        intent=intent,
        sentiment=_sentiment(deciding),
        is_urgent=any(voice.rule.is_urgent for voice in deciding),
        confidence=_confidence(sums, intent),
        pattern_id=strongest.rule.id if strongest else None,
        sums=tuple(sorted(sums.items(), key=lambda pair: -pair[1])),
        voices=tuple(deciding),
    )


def _heard(rule: Rule, finding: Found, likenesses: Mapping[str, Likeness]) -> Heard:
    """How much of its weight a rule keeps, and what it saw."""
    if finding.phrase.likenesses:
        like = [likenesses[label] for label in finding.phrase.likenesses if label in likenesses]
        least = min(like, key=_strength) if len(like) > 1 else like[0]
        return least.strength, least
    if finding.phrase.asks or not finding.is_asked:
        return 1.0, finding
    return IN_A_QUESTION.get(rule.intent, 1.0), finding


def _strength(likeness: Likeness) -> float:
    return likeness.strength


def _spelling(phrases: list[Phrase]) -> set[str]:
    """Words worth finding in spite of a slip: the rules' own and the trade's."""
    keys = {key for phrase in phrases for element in phrase.elements for key in element or ()}
    lemmas = {key.split(":")[0] for key in keys if key[0] not in "!<"}
    trade = {key for word in vocabulary.PRODUCTS | vocabulary.UNITS for key in keyword_keys(word)}
    polite = {word for word in vocabulary.FILLERS | vocabulary.GREETINGS if len(word) > 7}
    return lemmas | {key for key in trade if key[0] != "!"} | polite


def _deciding(spoken: list[Spoken]) -> list[Spoken]:
    """The rules up to the lowest priority number that speaks for an intent, and those that only mark."""
    first = min((voice.rule.priority for voice in spoken if voice.weight > 0), default=None)
    if first is None:
        return spoken
    speaking = [voice for voice in spoken if voice.rule.weight > 0 and voice.rule.priority <= first]
    if _largest(_sums(speaking)) == Intent.BROADCAST.value:
        return speaking
    return speaking + [voice for voice in spoken if voice.rule.weight == 0]


def _sums(deciding: Iterable[Spoken]) -> dict[str, float]:
    """What speaks for each intent."""
    sums: dict[str, float] = {}
    for voice in deciding:
        sums[voice.rule.intent] = sums.get(voice.rule.intent, 0.0) + voice.weight
    return sums


def _largest(sums: dict[str, float]) -> str:
    if not any(weight > 0 for weight in sums.values()):
        return Intent.OTHER.value
    return max(ORDER_OF_ACTING, key=lambda intent: sums.get(intent, 0.0))


def _sentiment(deciding: Sequence[Spoken]) -> str:
    votes: dict[str, float] = {}
    for voice in deciding:
        if mood := voice.rule.sentiment:
            votes[mood] = votes.get(mood, 0.0) + (LIKENESS_VOTES * voice.share if voice.is_likeness else 1.0)
    return max(ORDER_OF_MOODS, key=lambda mood: votes.get(mood, 0.0))


def _confidence(sums: dict[str, float], intent: str) -> float:
    """From how much speaks for the intent, and how much more than for the next one."""
    best = sums.get(intent, 0.0)
    if best <= 0:
        return CONFIDENCE_OF_SILENCE
    second = max((weight for name, weight in sums.items() if name != intent), default=0.0)
    lead = (best - second) / best
    strength = best / (best + PLENTY / 4)
    return round(min(0.99, strength * (0.5 + 0.5 * lead)), 3)
