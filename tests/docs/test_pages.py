"""The pages lead where they say, stand in both languages, and show the pictures that are there."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import DOCS, READMES, ROOT, Page, pages, read
from tests.pictures.taken import PICTURES

TWINS = [
    READMES,
    *((path, DOCS / "ru" / path.name) for path in sorted(DOCS.glob("*.md"))),
]
PAGES = pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)


def links_within(page: Page) -> list[str]:
    return [unquote(link) for link in page.links if "://" not in link]


@PAGES
def test_every_link_leads_to_a_file_and_a_heading(page: Page) -> None:
    for link in links_within(page):
        path, anchor = page.target(link)

        assert path.exists(), link
        if anchor:
            assert anchor in [heading.anchor for heading in read(path).headings], link


@PAGES
def test_a_page_links_to_pages_of_its_own_language(page: Page) -> None:
    """But for the first paragraph, which names the page in the other one."""
    others = [
        link
        for link in links_within(page)
        if (path := page.target(link)[0]).suffix == ".md"
        and path.is_relative_to(DOCS)
        and read(path).is_russian != page.is_russian
    ]

    assert len(others) <= (1 if page.path.name in {"README.md", "README.ru.md"} else 0), others


@pytest.mark.parametrize("twins", TWINS, ids=lambda twins: twins[0].name)
def test_both_languages_say_the_same_things_in_the_same_order(twins: tuple[Page, Page]) -> None:
    english, russian = (read(path) for path in twins)

    assert [heading.level for heading in english.headings] == [heading.level for heading in russian.headings]
    assert [len(row) for row in english.rows] == [len(row) for row in russian.rows]
    assert [language for language, _text in english.blocks] == [
        language for language, _text in russian.blocks
    ]
    assert [english.target(link)[0] for link in english.pictures] == [
        russian.target(link)[0] for link in russian.pictures
    ]


def test_every_russian_page_has_an_english_one() -> None:
    assert {path.name for path in (DOCS / "ru").glob("*.md")} == {path.name for _english, path in TWINS[1:]}


@pytest.mark.parametrize("start", READMES, ids=lambda path: path.name)
def test_every_page_can_be_reached_from_the_readme(start: Path) -> None:
    reached: set[Path] = set()
    waiting = [start]
    while waiting:
        page = read(waiting.pop())
        reached.add(page.path)
        targets = [page.target(link)[0] for link in links_within(page)]
        waiting += [path for path in targets if path.suffix == ".md" and path not in reached]

    missing = set(DOCS.rglob("*.md")) - reached

    assert not missing


def test_the_pictures_shown_are_those_that_are_taken() -> None:
    shown = {page.target(link)[0] for page in pages() for link in page.pictures}
    kept = set((DOCS / "pictures").glob("*"))

    assert shown == kept == {DOCS / "pictures" / f"{picture.name}.png" for picture in PICTURES}


def test_pictures_stay_small() -> None:
    sizes = {path.name: path.stat().st_size // 1024 for path in (DOCS / "pictures").glob("*.png")}

    assert not {name: size for name, size in sizes.items() if size > 300}, "KiB"
    assert sum(sizes.values()) < 3 * 1024


def test_the_readme_stays_short() -> None:
    for path in READMES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 120, path.relative_to(ROOT)
