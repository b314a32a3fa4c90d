"""CSV that Excel opens in Russian: what its cells hold, and that no cell is a formula."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from cvgorod_hub.common.lists.csv import ROWS_AT_ONCE, Column, as_cell, delimiter_of, write_csv

TEXT = Column("text", "text")


def read(pieces: Iterator[bytes], delimiter: str = ";") -> list[list[str]]:
    text = b"".join(pieces).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+7 900", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"],
)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["роза = 5", "a-b", "", "'=1", "«=»"])
def test_another_text_stays_as_it_is(text: str) -> None:
    assert as_cell(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-1001, "-1001"),
        (0, "0"),
        (None, ""),
        (datetime(2026, 11, 22, 9, 5, tzinfo=UTC), "2026-11-22 12:05:00"),
    ],
)
def test_numbers_stay_numbers_and_times_are_those_of_the_hub(value: object, cell: str) -> None:
    assert as_cell(value) == cell


def test_a_file_begins_with_the_mark_that_excel_wants_and_names_in_the_readers_language() -> None:
    pieces = list(write_csv([Column("имя", "name")], [], language="ru"))

    assert pieces == ["\ufeffИмя\r\n".encode()]


@pytest.mark.parametrize(("language", "delimiter"), [("ru", ";"), ("en", ","), ("en-gb", ","), ("de", ";")])
def test_columns_are_parted_as_excel_parts_them_in_that_language(language: str, delimiter: str) -> None:
    assert delimiter_of(language) == delimiter


def test_whatever_is_in_a_cell_comes_out_of_it_again() -> None:
    said = 'роза; "Аврора", 5\nи =ещё\t1'
    rows = [SimpleNamespace(text=said), SimpleNamespace(text="x")]

    assert read(write_csv([TEXT], rows, language="ru")) == [["Text"], [said], ["x"]]


def test_a_path_of_attributes_ends_where_there_is_none() -> None:
    column = Column("", "user.role.upper")

    assert column.value(SimpleNamespace(user=SimpleNamespace(role="client"))) == "CLIENT"
    assert column.value(SimpleNamespace(user=None)) is None


def test_no_more_rows_are_held_than_one_piece_has() -> None:
    taken = 0

    def rows() -> Iterator[SimpleNamespace]:
        nonlocal taken
        for number in range(ROWS_AT_ONCE * 1_000):
            taken += 1
            yield SimpleNamespace(text=str(number))

    pieces = write_csv([TEXT], rows(), language="ru")
    next(pieces)
    assert taken == 0
    first = next(pieces)
    assert (taken, first.count(b"\r\n")) == (ROWS_AT_ONCE, ROWS_AT_ONCE)
    next(pieces)
    assert taken == 2 * ROWS_AT_ONCE
