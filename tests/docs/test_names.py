"""Whatever the pages name exists: commands, targets, settings, files, addresses, words on the screen."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import django
import polib
import pytest
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from tests.docs.pages import DOCS, ROOT, Page, pages, read
from tests.docs.variables import documented_somewhere, of_the_tests

# Of developers, who read `manage.py help`.
NOT_FOR_OPS = frozenset({"learn_experience", "run_demo_agent", "run_simulator"})
OUR_APPS = frozenset(
    {
        "cvgorod_hub",
        "cvgorod_hub.api",
        "cvgorod_hub.staff",
        "bots",
        "clients",
        "intents",
        "messaging",
        "sandbox",
    }
)
PAGES = pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
# A place for a name or a number in a text; what else of it there must be, or it would fit any words.
_PLACE, FEWEST_LETTERS = re.compile(r"%\(\w+\)[sd]"), 8
OPERATIONS = [DOCS / "operations.md", DOCS / "ru" / "operations.md"]


def calls(page: Page) -> Iterator[tuple[str, str]]:
    """Each `manage.py command …` with what follows it."""
    for line in page.everything_in_code.splitlines():
        yield from re.findall(r"manage\.py ([a-z_]+)([^#|&]*)", line)


@cache
def options_of(command: str) -> frozenset[str]:
    app = get_commands()[command]
    made = load_command_class(app, command) if isinstance(app, str) else app
    parser = made.create_parser("manage.py", command)
    return frozenset(option for action in parser._actions for option in action.option_strings)


@PAGES
def test_every_command_exists_with_its_options(page: Page) -> None:
    for command, rest in calls(page):
        assert command in get_commands()

        for option in re.findall(r"(?<!\S)(--[a-z-]+)", rest):
            assert option in options_of(command), (command, option)


@pytest.mark.parametrize("path", OPERATIONS, ids=["en", "ru"])
def test_operations_list_every_command_of_ours_with_an_example(path: Path) -> None:
    ours = {name for name, app in get_commands().items() if app in OUR_APPS} - NOT_FOR_OPS
    table = {code.split()[0] for row in read(path).rows for code in row[0].code}
    shown = {command for page in pages() for command, _rest in calls(page)}

    assert table - {"changepassword"} == ours
    assert ours <= shown


@PAGES
def test_every_target_of_make_exists(page: Page) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    named = set(re.findall(r"^\s*make ([a-z]+)", page.everything_in_code, re.MULTILINE))

    assert named <= targets


@PAGES
def test_every_setting_that_is_named_is_one(page: Page) -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z0-9]+)+\b", page.everything_in_code))

    assert named <= documented_somewhere() | of_the_tests()


@PAGES
def test_every_file_that_is_named_exists(page: Page) -> None:
    # What a hub that was run here has made is nothing that the project has.
    made_here = {line.strip("/*") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()}
    top = {path.name for path in ROOT.iterdir()} - made_here
    named = [
        code for code in page.code if re.fullmatch(r"[\w.-]+(/[\w.-]+)+", code) and code.split("/")[0] in top
    ]

    assert [name for name in named if not (ROOT / name).exists()] == []


@PAGES
def test_every_address_of_the_hub_is_one(page: Page) -> None:
    for address in re.findall(r"(?<=[\s`0-9])/(?:api|health|admin|metrics)\b[\w/]*", page.everything_in_code):
        resolve(address)  # raises Resolver404


@cache
def on_screen(*, russian: bool) -> tuple[frozenset[str], re.Pattern[str]]:
    """Words of the catalogues: plain ones, and those with places for names and numbers."""
    folders = [ROOT / "cvgorod_hub/locale", ROOT / "cvgorod_hub/common/unfold_locale"]
    contrib = Path(django.__path__[0]) / "contrib"
    folders += [contrib / "admin/locale", contrib / "auth/locale"]
    plain, templates = set(), []
    for folder in folders:
        for entry in polib.pofile(str(folder / "ru/LC_MESSAGES/django.po")):
            english = [entry.msgid, entry.msgid_plural]
            for words in [entry.msgstr, *entry.msgstr_plural.values()] if russian else english:
                if "%(" not in words:
                    plain.add(words.casefold())
                elif sum(map(str.isalpha, _PLACE.sub("", words))) >= FEWEST_LETTERS:
                    templates.append(".+".join(map(re.escape, _PLACE.split(words.casefold()))))
    return frozenset(plain), re.compile("|".join(templates))


@PAGES
def test_bold_words_stand_on_the_screen(page: Page) -> None:
    """As the reader's language has them; README.md names a few in Russian, in which the demo opens."""
    languages = [True, False] if page.path == ROOT / "README.md" else [page.is_russian]

    for words in page.strong:
        said = words.casefold()

        assert any(
            said in plain or template.fullmatch(said)
            for plain, template in (on_screen(russian=russian) for russian in languages)
        ), words
