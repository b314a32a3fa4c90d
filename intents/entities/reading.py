"""A message cut into words, numbers and signs, with what is no quantity whatever stands around it taken out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from cvgorod_hub.common.russian import without_yo

# What follows is not what a manager would read to understand a message either; it bounds the time.
LONGEST_TEXT = 2000
# Telephones, cards, tax numbers: ten digits and more, with what people put between them.
_LONG_NUMBER = re.compile(r"\+?\d(?:[ ()\-\u00a0]{0,2}\d){9,}")
_NUMBERED_LINE = re.compile(r"^[^\S\n]*\d{1,2}[.)][^\S\n]+", re.MULTILINE)
_PIECES = re.compile(
    r"(?P<number>\d{1,3}(?:[ \u00a0]\d{3})+(?=\s*(?:р\b|руб|₽))|\d+(?:[.,:]\d+)*)"
    r"|(?P<word>[^\W\d_]+(?:['’-][^\W\d_]+)*)|(?P<sign>\n|[^\w\s])"
)
_JOINED = str.maketrans("", "", "'’")


@dataclass(slots=True)
class Token:
    """A word, a number or a sign in its place. `word` is plain, and empty for what is no word."""

    word: str
    number: str
    sign: str
    start: int
    end: int
    is_taken: bool = False

    @property
    def value(self) -> float | None:
        """The number; None for "15:00", "28.11.2026", "1.2.3" and what is no number."""
        digits = self.number.replace(" ", "").replace("\u00a0", "").replace(",", ".")
        if not digits or ":" in digits or digits.count(".") > 1 or len(digits) > 9:
            return None
        return float(digits)

    @property
    def ends_a_sentence(self) -> bool:
        return self.sign in _ENDS

    def touches(self, following: "Token") -> bool:
        return self.end == following.start


_ENDS = frozenset({"\n", ".", "!", "?", ";", "…"})


def read(text: str) -> list[Token]:
    """The tokens of a text, in order; places are those of the text itself."""
    blanked = _NUMBERED_LINE.sub(_blank, _LONG_NUMBER.sub(_hide, text[:LONGEST_TEXT]))
    return [
        Token(
            without_yo(found["word"] or "").translate(_JOINED),
            found["number"] or "",
            found["sign"] or "",
            found.start(),
            found.end(),
        )
        for found in _PIECES.finditer(blanked)
    ]


_blank: Callable[[re.Match[str]], str] = lambda found: " " * len(found.group())  # noqa: E731
# A word of no meaning: a quantity must not reach across it.
_hide: Callable[[re.Match[str]], str] = lambda found: "№" * len(found.group())  # noqa: E731
