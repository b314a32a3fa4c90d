"""The language of a rule's words: phrases, and where a message says them.

беру               a word of the message; infinitives, nouns and adjectives find every form
!ждите             exactly this form
все верно          words one after another ("пожалуйста", "ну", names and emoji between do not matter)
верните ... деньги up to four words between, in one sentence
беру/возьму        one or the other
не надо            negated; without "не" a word is found only where it is not negated
<количество>       a class: <товар> <единица> <цвет> <количество> <размер> <время> <дата> <деньги> <день>
                   <число> <вопрос> <вопросительное слово> <приветствие> <имя> <список> <радость> <досада>
                   <согласие> <повелительное> <сделал> <не сделал> <коротко>; <начало>, <конец> of the message
<похоже на заказ>  what labelled messages like this one were (intents/patterns/experience.py has the list)
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import gettext as _

from intents.patterns import experience
from intents.patterns.morphology import keyword_keys, plain
from intents.patterns.reading import END, LIST, QUESTION, START, Token

LONGEST_GAP = 4
GAP = "..."
CLASSES = frozenset({
    START, END, QUESTION, LIST, "<товар>", "<единица>", "<цвет>", "<количество>", "<размер>", "<время>",
    "<дата>", "<деньги>", "<день>", "<число>", "<вопросительное слово>", "<приветствие>", "<имя>",
    "<радость>", "<досада>", "<согласие>", "<коротко>", "<повелительное>", "<сделал>", "<не сделал>",
    *experience.LABELS,
})  # fmt: skip
_ELEMENTS = re.compile(r"<[^>]*>(?:/\S+)?|[^\s<]+(?:<[^>]*>)?")


class PhraseError(ValueError):
    """A phrase cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Alternatives' keys, place by place; None is a gap. `second` is the place after the first, if any.

    `likenesses` are those of the keys that experience knows.
    """

    text: str
    elements: tuple[frozenset[str] | None, ...]
    second: frozenset[str]
    negates: bool
    asks: bool
    likenesses: frozenset[str]


class Found(NamedTuple):
    """A phrase in a message: which, and where."""

    phrase: Phrase
    tokens: Sequence[Token]

    @property
    def is_asked(self) -> bool:
        """Whether all of its words are asked; the message's ends are no words."""
        words = [token for token in self.tokens if token.sentence >= 0]
        return bool(words) and all(token.is_asked for token in words)

    @property
    def words(self) -> str:
        """The message's own words, put together when somebody asks for the reason."""
        return " ".join(token.text for token in self.tokens if token.text) or self.phrase.text


# More phrases than a hub's patterns have; rules are read again with each change, and for each list of them.
@lru_cache(maxsize=4096)
def parse(text: str) -> Phrase:
    """Read a phrase. Raises PhraseError."""
    places = _ELEMENTS.findall(plain(text))
    if not places:
        raise PhraseError(_("A phrase must have a word."))
    elements = tuple(None if place in {GAP, "…"} else _alternatives(place) for place in places)
    if elements[0] is None or elements[-1] is None:
        raise PhraseError(_("«%(text)s»: a gap stands between words, not at an end.") % {"text": text})
    return Phrase(
        text=text,
        elements=elements,
        second=next((element for element in elements[1:] if element is not None), frozenset()),
        negates=any(element is not None and "не" in element for element in elements),
        asks=any(element is not None and QUESTION in element for element in elements),
        likenesses=frozenset().union(*filter(None, elements)) & experience.CLASSES,
    )


def _alternatives(place: str) -> frozenset[str]:
    keys: set[str] = set()
    for word in filter(None, place.split("/")):
        if word.startswith("<"):
            if word not in CLASSES:
                known = " ".join(sorted(CLASSES))
                raise PhraseError(
                    _("%(word)s is no class of words. Known: %(known)s") % {"word": word, "known": known}
                )
            keys.add(word)
        elif word in {"не", "ни"} or not word.strip("!").replace("-", "").isalpha():
            keys.add(word)
        else:
            keys |= keyword_keys(word)
    if not keys:
        raise PhraseError(_("A phrase must have a word."))
    return frozenset(keys)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """Phrases that begin with one key: of one place alone, and others by each key of their second place."""

    alone: list[tuple[Phrase, int]] = field(default_factory=list)
    by_second: defaultdict[str, list[tuple[Phrase, int]]] = field(default_factory=lambda: defaultdict(list))


class Index:
    """Finds which of many phrases a message says, looking only at those whose first two places it has.

    `owners[n]` is whatever the caller wants back for the phrase: the number of its rule.
    """

    def __init__(self, phrases: Iterable[tuple[Phrase, int]]) -> None:
        self._by_first: defaultdict[str, _Beginning] = defaultdict(_Beginning)
        for phrase, owner in phrases:
            for key in phrase.elements[0] or ():
                beginning = self._by_first[key]
                if not phrase.second:
                    beginning.alone.append((phrase, owner))
                for second in phrase.second:
                    beginning.by_second[second].append((phrase, owner))

    def is_said(self, tokens: Sequence[Token], said: Set[str]) -> bool:
        """Whether the message says any of the phrases."""
        return any(True for _finding in self.search(tokens, said))

    def search(self, tokens: Sequence[Token], said: Set[str]) -> Iterator[tuple[int, Found]]:
        """Owner and finding of every phrase in the message, in the order of its words.

        `said` are all keys of all tokens. A phrase that is said in two ways may come twice.
        """
        if self._by_first.keys().isdisjoint(said):
            return
        for position, token in enumerate(tokens):
            for key in self._by_first.keys() & token.keys:
                beginning = self._by_first[key]
                # After "не" only classes and phrases that ask for "не" are found.
                is_open = not token.is_negated or key[0] == "<"
                for phrase, owner in beginning.alone:
                    if is_open or phrase.negates:
                        yield owner, Found(phrase, tokens[position : position + 1])
                for second in beginning.by_second.keys() & said:
                    for phrase, owner in beginning.by_second[second]:
                        if is_open or phrase.negates:
                            end = _match(phrase, 1, tokens, position + 1, token.sentence)
                            if end is not None:
                                yield owner, Found(phrase, tokens[position:end])


def _match(phrase: Phrase, element: int, tokens: Sequence[Token], position: int, sentence: int) -> int | None:
    """Where the phrase's rest, from `element` on, ends when read from `position`; None if it is not there."""
    if element == len(phrase.elements):
        return position
    wanted = phrase.elements[element]
    if wanted is None:
        for start in range(position, min(position + LONGEST_GAP + 1, len(tokens))):
            end = _match(phrase, element + 1, tokens, start, sentence)
            if end is not None:
                return end
        return None
    while position < len(tokens):
        token = tokens[position]
        same = sentence == -1 or token.sentence in (-1, sentence)
        common = wanted & token.keys
        if same and common and (phrase.negates or not token.is_negated or _is_class(common)):
            end = _match(phrase, element + 1, tokens, position + 1, _later(sentence, token))
            if end is not None:
                return end
        if not token.is_filler or (not same and END not in wanted):
            return None
        position += 1
    return None


def _later(sentence: int, token: Token) -> int:
    return token.sentence if token.sentence >= 0 else sentence


def _is_class(keys: frozenset[str]) -> bool:
    return any(key[0] == "<" for key in keys)
