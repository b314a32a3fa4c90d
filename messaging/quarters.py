"""Time in quarters of an hour, and periods as a few nodes of a tree of them.

A quarter is a number: the 15 minutes that begin so many times 900 seconds after 1970 in UTC. Since Telegram
began, every time zone's clock was off UTC by whole quarters and changed between two, so that local days
are made of whole ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

QUARTER = timedelta(minutes=15)
# Levels of quarters, hours, four hours … as the triggers keep them (migration 0009).
BRANCHES, TOP_LEVEL = 4, 8
# Before and after every date that Python knows; powers of the branches, so that no level has an edge there.
BEGINNING, END = -(BRANCHES**14), BRANCHES**15

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Period:
    """From a moment on: the rest of the quarter it lies in, then whole quarters.

    `since` is inclusive, None: always. The rest is the messages in `[since, whole_from)`, none where a
    quarter begins right then.
    """

    since: datetime | None

    @property
    def quarter(self) -> int:
        """The one in which it begins."""
        return BEGINNING if self.since is None else quarter_of(self.since)

    @property
    def first_whole(self) -> int:
        if self.since is None:
            return BEGINNING
        return -((_EPOCH - self.since) // QUARTER)

    def parameters(self, *, until: int = END) -> dict[str, Any]:
        """What statements ask for: the quarter it begins in, its rest, and nodes before quarter `until`."""
        nodes = list(nodes_between(self.first_whole, until))
        return {
            "since": self.since,
            "quarter": self.quarter,
            "first_whole": self.first_whole,
            "whole_from": None if self.since is None else start_of(self.first_whole),
            "levels": [level for level, _, _ in nodes],
            "firsts": [first for _, first, _ in nodes],
            "ends": [end for _, _, end in nodes],
        }


def quarter_of(moment: datetime) -> int:
    return (moment - _EPOCH) // QUARTER


def start_of(quarter: int) -> datetime:
    """Clipped to what Python can say: the last quarter of the year 9999 ends there."""
    try:
        return _EPOCH + quarter * QUARTER
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def nodes_between(first: int, end: int) -> Iterator[tuple[int, int, int]]:
    """`(level, first, end)`: ranges of buckets (`end` excluded) that together are the quarters in between.

    At most six buckets of each level but the top one.
    """
    for level in range(TOP_LEVEL):
        inner_first, inner_end = -(-first // BRANCHES), end // BRANCHES
        if inner_first >= inner_end:
            break
        if first < inner_first * BRANCHES:
            yield level, first, inner_first * BRANCHES
        if inner_end * BRANCHES < end:
            yield level, inner_end * BRANCHES, end
        first, end = inner_first, inner_end
    else:
        level = TOP_LEVEL
    if first < end:
        yield level, first, end
