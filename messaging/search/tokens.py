"""Words of a text, cut alike by PostgreSQL (the vector) and here (queries, marks).

PostgreSQL's own parser makes one token of «50см», of «розы.тюльпаны» a host, of «да/нет» a file, of "60-70" a
number and a negative one. So everything but letters and digits becomes a space before it reads a text, digits
and letters are parted, and its simple dictionary keeps each word as it is: no stop words, no stems.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.postgres.search import SearchVectorField
from django.db import models

# Signs that stand inside a word and mean nothing: the stress mark, a soft hyphen, spaces of no width.
_INVISIBLE = "\u0301\u00ad\u200b\u200c\u200d\u2060\ufeff"
_FROM, _TO = "ёЁ₽", "еЕр"
# Python makes two letters of the Turkish İ, PostgreSQL one.
_TRANSLATED = str.maketrans(_FROM + "İ", _TO + "i", _INVISIBLE)
_LETTER = "[^\\W0-9_²³¹¼½¾]"  # what PostgreSQL's [:alpha:] takes, too
_WORD = re.compile(rf"[0-9]+|(?:{_LETTER}|₽)(?:{_LETTER}|[₽{_INVISIBLE}])*")
# PostgreSQL does not keep longer ones.
_LONGEST = 2046


class Token(NamedTuple):
    """A word as it is compared, and where it stands in the text."""

    word: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The words of a text as its vector has them, in order."""
    for found in _WORD.finditer(text):
        word = found.group().translate(_TRANSLATED).lower()
        if len(word.encode()) <= _LONGEST:
            yield Token(word, found.start(), found.end())


class _Words(models.Func):
    template = (
        "to_tsvector('simple'::regconfig, regexp_replace(regexp_replace("
        f"translate(%(expressions)s, '{_FROM}{_INVISIBLE}', '{_TO}'), "
        r"'[^[:alnum:]]+', ' ', 'g'), '([0-9]+)', ' \1 ', 'g'))"
    )
    arg_joiner = " || ' ' || "
    output_field = SearchVectorField()


class WordsVector(_Words):
    """The words of texts with their places. Texts are columns or expressions; null is no text."""

    def __init__(self, *texts: Any) -> None:
        super().__init__(*(models.Func(text, template="coalesce(%(expressions)s, '')") for text in texts))


class MessageWords(models.Func):
    """What a message's vector is made of: its text or caption, and its transcript."""

    template = _Words.template % {"expressions": "coalesce(text, '') || ' ' || coalesce(transcript, '')"}
    output_field = SearchVectorField()
