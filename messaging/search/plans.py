"""How PostgreSQL is to look for a query: word by word in the index, or message by message from the newest.

A frequent word is found soonest by reading messages backwards, a rare one in the index of words; each way is
hopeless for the other. PostgreSQL guesses a frequency for each word that its statistics do not list, and a
query has many forms of each, so a rare word looks frequent to it, and it would read all messages. Here a word
counts as frequent only if the statistics list it; all others are looked up in the index, whatever the guess.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, log2, prod

from django.db import connection

from messaging.search.queries import CompiledQuery, WordPhrase

# Where a page of a hundred costs about the same both ways, measured at a million messages.
FREQUENT = 0.007
# Messages read in vain at the most, before the index is asked after all.
LONGEST_WALK = 20_000
# From here on, to fetch all that the index lists takes longer than to leave out what is far from the cursor.
SELDOM = 0.002
LONGEST_STRETCH = 1 << 17
_KEPT_SECONDS = 600.0
_STATISTICS = """
    SELECT words.word, words.part
      FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) AS words (word, part)
     WHERE schemaname = current_schema() AND tablename = 'messages' AND attname = 'search_vector'
       AND words.word IS NOT NULL
"""


class Frequencies:
    """Which part of all messages has a word; words that are rare are not listed."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Mapping[str, float]]] = {}

    def of(self, words: Iterable[str]) -> float:
        """The part of messages that has any of these, at the most."""
        listed = self._listed()
        return min(1.0, sum(listed.get(word, 0.0) for word in words))

    def _listed(self) -> Mapping[str, float]:
        database = str(connection.settings_dict["NAME"])
        kept = self._kept.get(database)
        if kept is None or kept[0] < time.monotonic():
            kept = (time.monotonic() + _KEPT_SECONDS, _read_statistics())
            self._kept[database] = kept
        return kept[1]


_frequencies = Frequencies()


def _read_statistics() -> Mapping[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(_STATISTICS)
        return dict(cursor.fetchall())


@dataclass(frozen=True)
class Walk:
    """Messages are read in their order; `part` of them, as far as is known, are found."""

    part: float

    def length(self, limit: int) -> int:
        """So many messages hold a page of `limit`, if the word is about as frequent there as everywhere.

        A power of two, so that few statements serve all words.
        """
        return min(LONGEST_WALK, 1 << ceil(log2(3 * (limit + 1) / self.part)))


def plan(query: CompiledQuery) -> Walk | None:
    """A walk where reading messages in their order fills a page soon; else their index of words is asked."""
    if query.only_leaves_out:
        return Walk(1.0)
    part = _part_found(query)
    return Walk(min(part, 1.0)) if part >= FREQUENT else None


def stretch(query: CompiledQuery, limit: int) -> int | None:
    """Among so many messages the index finds a page of `limit`, if the words are as frequent there.

    A power of two; None where looking among all of them takes no longer.
    """
    part = _part_found(query)
    if not SELDOM <= part < FREQUENT:
        return None
    length = 1 << ceil(log2(1.5 * (limit + 1) / part))
    return length if length <= LONGEST_STRETCH else None


def _part_found(query: CompiledQuery) -> float:
    return sum(_part(phrases) for phrases in query.alternatives)


def _part(phrases: Iterable[WordPhrase]) -> float:
    """As if words came together by chance."""
    return prod(
        _frequencies.of(place) for phrase in phrases if not phrase.is_left_out for place in phrase.places
    )
