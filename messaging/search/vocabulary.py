"""Lookups in the table of all words that messages have (`message_words`).

All that the words of a query ask at one time is one statement. Answers are kept by each process until the
table grows: its sequence is asked with them, and before they are used again. Words of a transaction that had
not ended then are seen at the latest after KEPT_SECONDS.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

KEPT_SECONDS = 5.0
_MOST_KEPT = 20_000
# What a Latin name may be given by Russian cases, as `message_word_sound` writes it.
_ENDINGS = ["", "a", "u", "e", "i", "o", "om", "em", "oi", "ei", "ov", "ev", "am", "ami", "ah"]

# The planner estimates each element of an array, which takes longer than to look it up; not so a subquery's.
_PRESENT = """
    SELECT 'present', word, word FROM message_words
     WHERE word = ANY(ARRAY(SELECT unnest(%(present)s::text[])))
"""
_NEAR = """
    SELECT 'near', variant, word FROM message_word_variants
     WHERE variant = ANY(ARRAY(SELECT unnest(%(near)s::text[])))
"""
_RUSSIAN = """
    SELECT 'russian', name, found.word
      FROM unnest(%(russian)s::text[]) AS name, unnest(%(endings)s::text[]) AS ending, LATERAL (
        SELECT word FROM message_words
         WHERE sound = regexp_replace(
                   message_word_sound(name), CASE WHEN length(name) > 3 THEN '[aeiou]$' ELSE '$' END, ''
               ) || ending
           AND word ~ '^[а-я]' OFFSET 0
      ) AS found
"""
_LATIN = """
    SELECT 'latin', name, found.word
      FROM unnest(%(latin)s::text[]) AS name, LATERAL (
        SELECT word FROM message_words WHERE sound = message_word_sound(name) AND word ~ '^[a-z]' OFFSET 0
      ) AS found
"""
_NEWEST = "SELECT 'newest', '', last_value::text FROM message_words_id_seq"
_PARTS = {"present": _PRESENT, "near": _NEAR, "russian": _RUSSIAN, "latin": _LATIN}
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Lookup:
    """What one word asks of the table, and, as an answer, the words that it has.

    `present`: which of these some message has. `near`: which words have one of these among themselves and
    what they become by losing one letter. `russian`: which Russian words sound like one of these Latin ones,
    in any case; `latin`: which Latin words like one of these Russian ones.
    """

    present: frozenset[str] = _NOTHING
    near: frozenset[str] = _NOTHING
    russian: frozenset[str] = _NOTHING
    latin: frozenset[str] = _NOTHING


# What was asked of which word.
_Asked = tuple[Callable[[str], "Expansion"], str]
# Asks on its way, and ends with the words that it found.
Expansion = Generator[Lookup, Lookup, frozenset[str]]


def expand_together(expansions: Mapping[str, Expansion]) -> tuple[dict[str, frozenset[str]], int]:
    """What each of them ends with, and the newest word's number when they began to ask.

    What they ask at one time is one statement.
    """
    found: dict[str, frozenset[str]] = {}
    newest = None
    answers: Mapping[str, Lookup | None] = dict.fromkeys(expansions)
    while answers:
        questions: dict[str, Lookup] = {}
        for word, answer in answers.items():
            try:
                questions[word] = expansions[word].send(answer)  # type: ignore[arg-type]  # None begins
            except StopIteration as ended:
                found[word] = ended.value
        answers, number = _ask(questions) if questions else ({}, 0)
        newest = number if newest is None else newest
    return found, newest or 0


def _ask(questions: Mapping[str, Lookup]) -> tuple[dict[str, Lookup], int]:
    """Each one's answer, and the number of the newest word."""
    asked = {
        part: sorted(frozenset().union(*(getattr(question, part) for question in questions.values())))
        for part in _PARTS
    }
    parts = [_NEWEST, *(sql for part, sql in _PARTS.items() if asked[part])]
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), {**asked, "endings": _ENDINGS})
        for part, of, word in cursor.fetchall():
            known[part, of].add(word)
    [newest] = known["newest", ""]
    answers = {
        asking: Lookup(
            **{
                part: frozenset().union(*(known.get((part, of), ()) for of in getattr(question, part)))
                for part in _PARTS
            }
        )
        for asking, question in questions.items()
    }
    return answers, int(newest)


@dataclass(frozen=True)
class _Kept:
    """`newest`: the newest word's number in this database when it was found."""

    until: float
    database: str
    newest: int
    found: frozenset[str]


class Memory:
    """What words were expanded to, of no use when the table of words has grown or after KEPT_SECONDS."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Asked, _Kept] = OrderedDict()

    def get(self, words: Iterable[str], expand: Callable[[str], Expansion]) -> dict[str, frozenset[str]]:
        """What `expand` finds for each word, now or a moment ago."""
        words, known = list(words), self._known(words, expand)
        missing = {word: expand(word) for word in words if word not in known}
        if missing:
            fresh, newest = expand_together(missing)
            until, database = time.monotonic() + KEPT_SECONDS, _database()
            for word, found in fresh.items():
                self._kept[expand, word] = _Kept(until, database, newest, found)
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            known |= fresh
        return known

    def _known(self, words: Iterable[str], expand: Callable[[str], Expansion]) -> dict[str, frozenset[str]]:
        now, database = time.monotonic(), _database()
        kept = {word: one for word in words if (one := self._kept.get((expand, word))) is not None}
        kept = {word: one for word, one in kept.items() if one.until > now and one.database == database}
        newest = _newest_word() if kept else 0
        return {word: one.found for word, one in kept.items() if one.newest == newest}


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def _newest_word() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM message_words_id_seq")
        (number,) = cursor.fetchone()
    return int(number)
