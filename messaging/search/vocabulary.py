"""Lookups in the table of all words that messages have (`message_words`).

Answers are kept by each process until the table grows: its sequence is asked before every use. Words of
a transaction that had not ended then are seen at the latest after KEPT_SECONDS.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from django.db import connection

KEPT_SECONDS = 5.0
# What was asked of which word.
_Asked = tuple[Callable[[str], frozenset[str]], str]
_MOST_KEPT = 20_000
# What a Latin name may be given by Russian cases, as `message_word_sound` writes it.
_ENDINGS = ["", "a", "u", "e", "i", "o", "om", "em", "oi", "ei", "ov", "ev", "am", "ami", "ah"]

# The planner estimates each element of an array, which takes longer than to look it up; not so a subquery's.
_PRESENT = "SELECT DISTINCT word FROM message_words WHERE word = ANY(ARRAY(SELECT unnest(%s::text[])))"
_NEAR = (
    "SELECT DISTINCT word FROM message_word_variants WHERE variant = ANY(ARRAY(SELECT unnest(%s::text[])))"
)
_SOUNDING = """
    SELECT DISTINCT word FROM message_words WHERE word ~ %s AND sound = ANY(ARRAY(
        SELECT regexp_replace(message_word_sound(name), %s, '') || ending
          FROM unnest(%s::text[]) AS name, unnest(%s::text[]) AS ending
    ))
"""


def present(words: Iterable[str]) -> frozenset[str]:
    """Those of the words that some message has."""
    return _lookup(_PRESENT, list(words))


def near(variants: Iterable[str]) -> frozenset[str]:
    """Words that have one of these among themselves and what they become by losing one letter."""
    return _lookup(_NEAR, list(variants))


def russian_sounding(latin: str) -> frozenset[str]:
    """Russian words that sound like a Latin one, in any case."""
    return _lookup(_SOUNDING, "^[а-я]", "[aeiou]$" if len(latin) > 3 else "$", [latin], _ENDINGS)


def latin_sounding(russian: Iterable[str]) -> frozenset[str]:
    """Latin words that sound like one of these."""
    return _lookup(_SOUNDING, "^[a-z]", "$", list(russian), [""])


def _lookup(statement: str, *parameters: str | list[str]) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return frozenset(word for (word,) in cursor.fetchall())


class Memory:
    """Answers by word and by what asks, dropped when the table of words has grown or after KEPT_SECONDS."""

    def __init__(self) -> None:
        self._answers: OrderedDict[_Asked, tuple[float, frozenset[str]]] = OrderedDict()
        self._version: tuple[str, int] = ("", 0)

    def get(self, word: str, find: Callable[[str], frozenset[str]]) -> frozenset[str]:
        """What `find` says of the word, now or a moment ago."""
        key = (find, word)
        kept = self._answers.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        found = find(word)
        self._answers[key] = (time.monotonic() + KEPT_SECONDS, found)
        if len(self._answers) > _MOST_KEPT:
            self._answers.popitem(last=False)
        return found

    def refresh(self) -> None:
        """Forget everything if there are new words."""
        version = (str(connection.settings_dict["NAME"]), _newest_word())
        if version != self._version:
            self._answers.clear()
            self._version = version


def _newest_word() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM message_words_id_seq")
        (number,) = cursor.fetchone()
    return int(number)
