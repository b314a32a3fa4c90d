"""What a person typed, taken apart: words, "phrases", -without, or.

Nothing is an error. A quotation mark without its other half is passed over, as are `or` with nothing to
choose from and a minus with nothing behind it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from messaging.search.measures import is_unit
from messaging.search.tokens import tokens

_CLOSING = str.maketrans("«»„“”‟″", '"' * 7)
_PART = re.compile(r'(?P<minus>(?<!\S)[-−–])?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))|"')
_OR = frozenset({"or", "или", "|", "||"})
# Of little meaning by themselves: they count in phrases, and where nothing else is typed.
_SMALL = frozenset(
    "и а но в во на с со к ко у о об от до по за из под при для про же ли бы б то the a of and".split()  # noqa: SIM905
)
# These turn a word's meaning round, and belong to the word behind them.
_TURNING = frozenset({"не", "без", "ни"})


@dataclass(frozen=True)
class Phrase:
    """Words that stand together in this order, usually a single one; or that must not."""

    words: tuple[str, ...]
    is_left_out: bool = False


Alternative = tuple[Phrase, ...]


def take_apart(text: str) -> list[Alternative]:
    """Alternatives (`or` divides them), each of phrases that must all be there; none without words."""
    alternatives: list[list[Phrase]] = [[]]
    for phrase in _joined(list(_phrases(text.translate(_CLOSING)))):
        if phrase is None:
            alternatives.append([])
        else:
            alternatives[-1].append(phrase)
    return [tuple(kept) for phrases in alternatives if (kept := _without_small_words(phrases))]


def _phrases(text: str) -> Iterator[Phrase | None]:
    """In the order typed; None is `or`."""
    for part in _PART.finditer(text):
        quoted, typed = part["phrase"], part["word"]
        if typed and not part["minus"] and typed.lower() in _OR:
            yield None
            continue
        words = tuple(token.word for token in tokens(quoted or typed or ""))
        if words:
            yield _Quoted(words, bool(part["minus"])) if quoted else Phrase(words, bool(part["minus"]))


class _Quoted(Phrase):
    """Stays as it is typed."""


def _joined(phrases: Sequence[Phrase | None]) -> Iterator[Phrase | None]:
    """A number and its unit («50 см»), «не» and its verb, are one."""
    waiting: Phrase | None = None
    for position, phrase in enumerate(phrases):
        if waiting is not None and phrase is not None and _belong_together(waiting, phrase):
            waiting = Phrase(waiting.words + phrase.words, waiting.is_left_out)
            continue
        if waiting is not None:
            yield waiting
        waiting = phrase
        if phrase is None and 0 < position < len(phrases) - 1:
            yield None
    if waiting is not None:
        yield waiting


def _belong_together(one: Phrase, other: Phrase) -> bool:
    if isinstance(one, _Quoted) or isinstance(other, _Quoted) or other.is_left_out:
        return False
    is_measure = one.words[-1].isdigit() and len(other.words) == 1 and is_unit(other.words[0])
    return is_measure or (len(one.words) == 1 and one.words[0] in _TURNING)


def _without_small_words(phrases: Sequence[Phrase]) -> list[Phrase]:
    telling = [
        phrase
        for phrase in phrases
        if isinstance(phrase, _Quoted) or phrase.is_left_out or not set(phrase.words) <= _SMALL
    ]
    return telling if any(not phrase.is_left_out for phrase in telling) else list(phrases)
