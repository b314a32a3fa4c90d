"""Pages by key: the page after a row begins where the index finds it, at any depth.

A page number would have the database read and throw away all rows before it, and rows that arrive would shift
what one is reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from unfold.paginator import InfinitePaginator

_SEPARATOR = "~"
OLDEST = "oldest"


class KeyPaginator(InfinitePaginator):  # type: ignore[misc]  # unfold carries no types
    """For unfold's page: its links are those of the list, not numbers."""

    template_name = "hub/lists/pages_by_key.html"


@dataclass(frozen=True)
class Seek:
    """Which page: the newest, the oldest, or the one before (older than) or after (newer than) a row."""

    direction: str = ""
    key: tuple[object, ...] = ()

    @property
    def is_backwards(self) -> bool:
        """Whether rows are read from the older side."""
        return self.direction in ("after", OLDEST)


@dataclass(frozen=True)
class KeyPage:
    """Rows, newest first, and where the neighbouring pages begin; "" where there is none."""

    rows: list[Any]
    newer: str
    older: str


def read_seek(text: str, fields: Sequence[str]) -> Seek:
    """What the address says; raises IncorrectLookupParameters where it says nothing readable."""
    if text in ("", "1"):
        return Seek()
    if text == OLDEST:
        return Seek(OLDEST)
    direction, *parts = text.split(_SEPARATOR)
    if direction not in ("before", "after") or len(parts) != len(fields):
        raise IncorrectLookupParameters(text)
    try:
        return Seek(direction, tuple(_read(part) for part in parts))
    except ValueError as error:
        raise IncorrectLookupParameters(text) from error


def read_page(rows: QuerySet[Any], seek: Seek, fields: Sequence[str], size: int) -> KeyPage:
    """One page of rows that come in the descending order of these fields, the last of them unique."""
    asked = rows.filter(_beyond(seek, fields)) if seek.key else rows
    order = fields if seek.is_backwards else [f"-{field}" for field in fields]
    found = list(asked.order_by(*order)[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if seek.is_backwards:
        found.reverse()
        if seek.direction == "after" and not has_more:
            # The newest page is always a full one.
            return read_page(rows, Seek(), fields, size)
    has_newer = has_more if seek.is_backwards else bool(seek.key)
    has_older = bool(seek.key) if seek.is_backwards else has_more
    return KeyPage(
        found,
        newer=_write("after", found[0], fields) if found and has_newer else "",
        older=_write("before", found[-1], fields) if found and has_older else "",
    )


def _beyond(seek: Seek, fields: Sequence[str]) -> Q:
    """Rows on the far side of the key; the first field alone is what an index is asked for."""
    side = "gt" if seek.is_backwards else "lt"
    first = fields[0]
    if len(fields) == 1:
        return Q(**{f"{first}__{side}": seek.key[0]})
    second = fields[1]
    nearer = Q(**{f"{first}__{side}": seek.key[0]}) | Q(**{f"{second}__{side}": seek.key[1]})
    return Q(**{f"{first}__{side}e": seek.key[0]}) & nearer


def _write(direction: str, row: Any, fields: Sequence[str]) -> str:  # noqa: ANN401
    values: list[str] = []
    for field in fields:
        value = row
        for name in field.split("__"):
            value = getattr(value, name)
        values.append(value.isoformat() if isinstance(value, datetime) else str(value))
    return _SEPARATOR.join([direction, *values])


def _read(part: str) -> object:
    if part.lstrip("-").isdecimal():
        number = int(part)
        if abs(number) >= 2**63:
            raise ValueError(part)
        return number
    moment = datetime.fromisoformat(part)
    if moment.tzinfo is None:
        raise ValueError(part)
    return moment
