"""The way from years to a day."""

from datetime import date

import pytest

from cvgorod_hub.common.lists.days import Way, way_down

FIRST, LAST = date(2024, 11, 20), date(2026, 3, 5)
Named = tuple[list[str], list[str]]


def link(since: date | None, until: date | None) -> str:
    return f"{since}..{until}" if since else "all"


def way(since: date | None = None, until: date | None = None, first: date = FIRST) -> Way:
    return way_down(since=since, until=until, first=first, last=LAST, link=link, all_time="All")


def named(way: Way) -> Named:
    return [step.label for step in way.above], [step.label for step in way.below]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ((None, None), (["All"], ["2024", "2025", "2026"])),
        ((date(2026, 1, 1), date(2026, 12, 31)), (["All", "2026"], ["January", "February", "March"])),
        ((date(2024, 1, 1), date(2024, 12, 31)), (["All", "2024"], ["November", "December"])),
        ((date(2026, 3, 1), date(2026, 3, 31)), (["All", "2026", "March"], ["1", "2", "3", "4", "5"])),
        ((date(2026, 3, 4), date(2026, 3, 4)), (["All", "2026", "March", "4 March"], [])),
        ((date(2026, 3, 4), None), (["All"], ["2024", "2025", "2026"])),
        ((date(2026, 3, 4), date(2026, 4, 7)), (["All"], ["2024", "2025", "2026"])),
    ],
)
def test_each_step_leads_one_further(
    period: tuple[date | None, date | None], expected: Named, settings: object
) -> None:
    assert named(way(*period)) == expected


def test_a_single_year_is_passed_over() -> None:
    assert named(way(first=date(2026, 2, 1))) == (["All"], ["February", "March"])


def test_steps_are_whole_months_and_days() -> None:
    months = way(date(2024, 1, 1), date(2024, 12, 31)).below
    assert [step.url for step in months] == ["2024-11-01..2024-11-30", "2024-12-01..2024-12-31"]

    days = way(date(2026, 2, 1), date(2026, 2, 28)).below
    assert (days[0].url, days[-1].url, len(days)) == ("2026-02-01..2026-02-01", "2026-02-28..2026-02-28", 28)


def test_one_can_go_back_from_anywhere() -> None:
    above = way(date(2026, 3, 4), date(2026, 3, 4)).above

    assert [step.url for step in above] == [
        "all", "2026-01-01..2026-12-31", "2026-03-01..2026-03-31", ""
    ]  # fmt: skip
