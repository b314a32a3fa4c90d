"""A message cut into words, numbers and signs, without what is no quantity whatever stands around it."""

import re
from dataclasses import dataclass

# What follows is not what a manager would read to understand a message either; it bounds the time.
LONGEST_TEXT = 2000
# Telephones, cards, tax numbers: ten digits and more, with what people put between them.
_LONG_NUMBER = re.compile(r"\+?\d(?:[ ()\-\u00a0]{0,2}\d){9,}")
_NUMBERED_LINE = re.compile(r"^[^\S\n]*\d{1,2}[.)][^\S\n]+", re.MULTILINE)
_PIECES = re.compile(
    r"(\d{1,3}(?:[ \u00a0]\d{3})+(?=\s*(?:р\b|руб|₽))|\d+(?:[.,:]\d+)*)"
    r"|([^\W\d_]+(?:['’-][^\W\d_]+)*)|(\n|[^\w\s])"
)
_DIGIT = re.compile(r"\d")
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
    plain = _lower(text[:LONGEST_TEXT]).replace("ё", "е")
    if _DIGIT.search(plain):
        plain = _NUMBERED_LINE.sub(_blank, _LONG_NUMBER.sub(_hide, plain))
    tokens, end, find = [], 0, plain.index
    has_joined = "'" in plain or "’" in plain
    for number, word, sign in _PIECES.findall(plain):
        said = word or number or sign
        start = find(said, end)
        end = start + len(said)
        if has_joined:
            word = word.translate(_JOINED)
        tokens.append(Token(word, number, sign, start, end))
    return tokens


def _lower(text: str) -> str:
    """Lower case of the same length: a few letters of the world's become two."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(each.lower()[:1] for each in text)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _hide(found: re.Match[str]) -> str:
    """Signs of no meaning, which a quantity does not reach across."""
    return "№" * len(found.group())
