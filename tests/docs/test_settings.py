"""The table of settings is that of the code: every variable, with its default."""

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, Cell, read
from tests.docs.variables import read_variables, sample_variables

TABLES = pytest.mark.parametrize(
    "path", [DOCS / "settings.md", DOCS / "ru" / "settings.md"], ids=["en", "ru"]
)


def rows_of(path: Path) -> dict[str, list[Cell]]:
    rows = [row for row in read(path).rows if len(row) == 3 and row[0].code]
    named = {row[0].code[0]: row for row in rows}
    assert len(named) == len(rows), "each stands once"
    return named


@TABLES
def test_every_variable_that_the_hub_reads_stands_in_the_table_and_no_other(path: Path) -> None:
    assert rows_of(path).keys() == read_variables().keys() | sample_variables()


@TABLES
def test_each_has_a_meaning(path: Path) -> None:
    assert all(row[1].words and row[2].words for row in rows_of(path).values())


@TABLES
def test_the_defaults_are_those_of_the_code(path: Path) -> None:
    rows = rows_of(path)
    for name, default in read_variables().items():
        texts = default if isinstance(default, list) else [default]
        for text in texts:
            if text in (None, ""):
                continue
            said = str(text).lower() if isinstance(text, bool) else str(text)
            assert said in rows[name][1].code, (name, said)
