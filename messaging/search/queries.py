"""A typed search as PostgreSQL's tsquery, and as what to mark in a text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQueryField
from django.db.models import Value
from django.db.models.expressions import Func

from messaging.search import expansion
from messaging.search.measures import is_unit, spellings_of
from messaging.search.typed import Phrase, take_apart

# A query of more words finds nothing sensible and costs much.
MOST_WORDS = 64


@dataclass(frozen=True)
class WordPhrase:
    """At each place any of these words."""

    places: tuple[frozenset[str], ...]
    is_left_out: bool
    beginnings: bool = False

    def __str__(self) -> str:
        text = " <-> ".join(self._any_of(words) for words in self.places)
        return f"!({text})" if self.is_left_out else f"({text})"

    def _any_of(self, words: frozenset[str]) -> str:
        end = ":*" if self.beginnings else ""
        any_of = " | ".join(f"'{word}'{end}" for word in sorted(words))
        return f"({any_of})"


@dataclass(frozen=True)
class CompiledQuery:
    """Alternatives of phrases that must all be there (or be left out)."""

    alternatives: tuple[tuple[WordPhrase, ...], ...]

    def __bool__(self) -> bool:
        """Whether there is a word in it; without one it finds nothing."""
        return bool(self.alternatives)

    def __str__(self) -> str:
        """PostgreSQL's tsquery."""
        return " | ".join(f"({' & '.join(map(str, phrases))})" for phrases in self.alternatives)

    @property
    def wanted(self) -> Iterator[WordPhrase]:
        """What may be marked in a text that was found."""
        for phrases in self.alternatives:
            yield from (phrase for phrase in phrases if not phrase.is_left_out)

    @property
    def only_leaves_out(self) -> bool:
        """Whether an alternative asks for nothing but absence."""
        return any(all(phrase.is_left_out for phrase in phrases) for phrases in self.alternatives)

    def expression(self) -> Func:
        """For a lookup on a vector, or ts_rank."""
        return Func(Value(str(self)), template="%(expressions)s::tsquery", output_field=SearchQueryField())


def compile_query(text: str, *, beginnings: bool = False) -> CompiledQuery:
    """What a person typed, for messages.

    With `beginnings` for other texts, where a word may also be the beginning of one («красн»).
    """
    typed = list(_as_many_as_may_be(take_apart(text)))
    words = {word for phrases in typed for phrase in phrases for word in _to_expand(phrase.words)}
    expanded = expansion.expand_anywhere(words) if beginnings else expansion.expand(words)
    return CompiledQuery(
        tuple(
            tuple(
                WordPhrase(tuple(_places(phrase.words, expanded)), phrase.is_left_out, beginnings)
                for phrase in phrases
            )
            for phrases in typed
        )
    )


def _as_many_as_may_be(alternatives: Iterable[Sequence[Phrase]]) -> Iterator[list[Phrase]]:
    left = MOST_WORDS
    for typed in alternatives:
        phrases: list[Phrase] = []
        for phrase in typed:
            if len(phrase.words) <= left:
                left -= len(phrase.words)
                phrases.append(phrase)
        if phrases:
            yield phrases


def _to_expand(words: Sequence[str]) -> Iterator[str]:
    return (word for before, word in _with_the_one_before(words) if not _is_measure(before, word))


def _places(words: Sequence[str], expanded: Mapping[str, frozenset[str]]) -> Iterator[frozenset[str]]:
    for before, word in _with_the_one_before(words):
        yield spellings_of(word) if _is_measure(before, word) else expanded[word]


def _with_the_one_before(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(("", *words), words, strict=False)


def _is_measure(before: str, word: str) -> bool:
    return before.isdigit() and is_unit(word)
