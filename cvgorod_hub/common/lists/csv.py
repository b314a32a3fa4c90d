"""Rows as CSV that Excel opens with a double click, made as they are read.

A byte order mark, or Excel takes UTF-8 for the machine's old encoding; CRLF, as RFC 4180 has it. Excel
parts columns by what the machine's language uses in lists: a semicolon in Russian, a comma in English; so
does this, by the reader's language.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

BYTE_ORDER_MARK = "\ufeff"
ROWS_AT_ONCE = 500
# A cell that begins so is a formula to a spreadsheet, also in its wide form (OWASP: CSV injection).
_FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")
_COMMA_LANGUAGES = frozenset({"en"})


@dataclass(frozen=True)
class Column:
    """A column: its name in the reader's language, and what a row has there.

    `read` is an attribute's path (`user.display_name`; a method is called) or a function of the row.
    """

    title: "StrOrPromise"
    read: str | Callable[[Any], object]

    def value(self, row: Any) -> object:  # noqa: ANN401
        if callable(self.read):
            return self.read(row)
        value = row
        for name in self.read.split("."):
            if value is None:
                return None
            value = getattr(value, name)
        return value() if callable(value) else value


def as_cell(value: object) -> str:
    """A cell's text: times in the hub's zone, nothing that a spreadsheet would carry out.

    Numbers stay numbers, also negative ones; a text that begins like a formula gets an apostrophe before it.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def write_csv(columns: Sequence[Column], rows: Iterable[Any], *, language: str) -> Iterator[bytes]:
    """The file in pieces of ROWS_AT_ONCE rows; no more than these are held."""
    with override(language):
        head = _as_text([[_first_upper(str(column.title)) for column in columns]], language)
    yield (BYTE_ORDER_MARK + head).encode()
    for some in _in_batches(rows):
        # Pieces are made one by one while other pages may be served in between, in other languages.
        with override(language):
            cells = [[as_cell(column.value(row)) for column in columns] for row in some]
            text = _as_text(cells, language)
        yield text.encode()


def _in_batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while some := list(islice(left, ROWS_AT_ONCE)):
        yield some


def delimiter_of(language: str) -> str:
    return "," if language.partition("-")[0] in _COMMA_LANGUAGES else ";"


def _as_text(cells: Iterable[Sequence[str]], language: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter_of(language)).writerows(cells)
    return out.getvalue()


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
