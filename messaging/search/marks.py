"""Marks what a search found, for a page to show: escaped text, in which <mark> is the only markup."""

from collections.abc import Iterator, Sequence
from html import escape

from messaging.search.queries import CompiledQuery, WordPhrase
from messaging.search.tokens import Token, tokens

# Characters of the text shown, and how many of them before the first mark.
SNIPPET, BEFORE = 300, 80
_ELLIPSIS = "…"


def highlight(query: CompiledQuery, *texts: str) -> str:
    """About SNIPPET characters of the first text with a match, its matches marked; else of the first."""
    for text in texts:
        spans = _merged(_matches(query, list(tokens(text))))
        if spans:
            return _marked(text, spans)
    return _marked(next(filter(None, texts), ""), [])


def highlight_whole(query: CompiledQuery, text: str) -> str:
    """The whole text with its matches marked."""
    return _marks_within(text, _merged(_matches(query, list(tokens(text)))), 0, len(text))


def _matches(query: CompiledQuery, words: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Beginning and end of each match in the text."""
    for phrase in query.wanted:
        for first in range(len(words) - len(phrase.places) + 1):
            found = words[first : first + len(phrase.places)]
            if _stands_here(phrase, found):
                yield found[0].start, found[-1].end


def _stands_here(phrase: WordPhrase, words: Sequence[Token]) -> bool:
    return all(token.word in place for token, place in zip(words, phrase.places, strict=True))


def _merged(matches: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(matches):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _marked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    begin, stop = _window(text, spans)
    start, end = _ELLIPSIS if begin else "", _ELLIPSIS if stop < len(text) else ""
    return f"{start}{_marks_within(text, spans, begin, stop)}{end}"


def _marks_within(text: str, spans: Sequence[tuple[int, int]], begin: int, stop: int) -> str:
    pieces = []
    place = begin
    for start, end in spans:
        if end > stop:
            break
        pieces += [escape(text[place:start]), f"<mark>{escape(text[start:end])}</mark>"]
        place = end
    return "".join([*pieces, escape(text[place:stop])])


def _window(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """What to show: the first mark with something before it, words whole where a space is near."""
    first, first_end = spans[0] if spans else (0, 0)
    begin = 0
    if first > BEFORE and len(text) > SNIPPET:
        space = text.find(" ", first - BEFORE, first)
        begin = space + 1 if space >= 0 else first - BEFORE
    stop = min(len(text), max(begin + SNIPPET, first_end))
    space = text.rfind(" ", max(first_end, stop - 30), stop)
    return begin, space if stop < len(text) and space > 0 else stop
