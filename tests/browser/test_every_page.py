"""Every page of the admin as people have it: both languages, light and dark, on a desk and on a phone.

Two languages, themes and widths are eight ways to see a page. Each page is loaded twice and looked at in four
of them, which hold every pair of two choices: Russian light at 1440 and dark at 390, English light at 390 and
dark at 1440. axe, the slowest, looks at two of the four, which differ in language; the next page takes the
other two. What a page is, tests/admin/pages.py takes from the routes. What a page does against its
Content-Security-Policy is an error on the console, and fails here like any other.
"""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Page

from tests.admin.pages import Address, drawn_pages
from tests.admin.rows import make_rows
from tests.browser.accessibility import GRAVE
from tests.browser.conftest import Screen
from tests.browser.review_steps import session_of, sign_in
from tests.marks import in_browser

pytestmark = in_browser

ROOMS = ("auth", "clients", "messaging", "intents", "sandbox", "bots", "api", "staff")
DESK, PHONE = 1440, 390
MOST_LAYOUT_SHIFT = 0.05
# Pixels. What a thumb decides with: WCAG 2.2, 2.5.5; for the rest axe asks for 24 (2.5.8).
THUMB = 44
COUNT_SHIFTS = """
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
STAND_STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
}
RUN_AXE = "rules => axe.run(rules).then(found => found.violations)"
# Too small for a thumb, of what decides on a page.
SMALL_ACTIONS = """
(least) => [...document.querySelectorAll("button[type=submit], input[type=submit], .action-main")]
  .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < least
    && !each.closest("[popover], details:not([open])"))
  .map((each) => (each.innerText || each.value || each.name || each.outerHTML).trim().slice(0, 60))
"""
# Whoever goes by keyboard sees where they are: something about it, or around it, looks otherwise.
UNSEEN_FOCUS = """
() => {
  const around = (one) => [one.parentElement, one.parentElement?.parentElement, one.nextElementSibling,
    one.closest(".select2-container")];
  const look = (one) => [one, ...around(one)]
    .filter(Boolean)
    .map((each) => getComputedStyle(each))
    .map((style) => [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow,
      style.borderColor, style.backgroundColor, style.textDecorationLine].join())
    .join();
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const unseen = [];
  for (const one of document.querySelectorAll(all)) {
    if (one.disabled || one.tabIndex < 0) continue;
    if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    document.activeElement?.blur();
    const before = look(one);
    one.focus({preventScroll: true, focusVisible: true});
    if (document.activeElement === one && look(one) === before) unseen.push(one.outerHTML.slice(0, 120));
  }
  document.activeElement?.blur();
  return unseen;
}
"""
WIDER_THAN_THE_SCREEN = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


class View(NamedTuple):
    """One way to see a page."""

    width: int
    is_dark: bool


LOADS = {"ru": (View(DESK, False), View(PHONE, True)), "en": (View(PHONE, False), View(DESK, True))}


class Looking:
    """The browser's page, and what was wrong on each page that it showed."""

    def __init__(self, page: Page, web: str) -> None:
        self.page, self.web = page, web
        self.errors: list[str] = []
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.context.add_init_script(COUNT_SHIFTS)
        page.context.add_init_script(Axe().axe_script)

    def look_at(self, address: Address, turn: int) -> list[str]:
        """`turn` says which of the two views of each language axe takes."""
        languages = enumerate(LOADS)
        return [
            f"{language} {each}"
            for at, language in languages
            for each in self._load(address, language, (turn + at) % 2)
        ]

    def _load(self, address: Address, language: str, with_axe: int) -> list[str]:
        self.errors.clear()
        self._speak(language)
        self._see(LOADS[language][0])
        answer = self.page.goto(f"{self.web}{address.path}")
        assert answer is not None
        found = [] if answer.ok else [f"status {answer.status}"]
        self.page.add_style_tag(content=STAND_STILL)
        shift = self.page.evaluate("window.layoutShift")
        found += [f"layout shift {shift:.3f}"] if shift > MOST_LAYOUT_SHIFT else []
        for number, view in enumerate(LOADS[language]):
            self._see(view)
            wrong = self._misfits(view)
            if number == with_axe:
                wrong += [*self._barriers(), *self._lost_focus()]
            found += [f"{view.width} {'dark' if view.is_dark else 'light'}: {each}" for each in wrong]
        return found + [f"console: {error}" for error in self.errors]

    def _speak(self, language: str) -> None:
        cookie: Any = {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "path": "/"}
        self.page.context.add_cookies([{**cookie, "domain": urlsplit(self.web).hostname}])

    def _see(self, view: View) -> None:
        self.page.set_viewport_size({"width": view.width, "height": 900})
        self.page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", view.is_dark)

    def _misfits(self, view: View) -> list[str]:
        too_wide = self.page.evaluate(WIDER_THAN_THE_SCREEN)
        found = [f"{too_wide} px wider than the screen"] if too_wide > 0 else []
        small = self.page.evaluate(SMALL_ACTIONS, THUMB) if view.width == PHONE else []
        return found + [f"too small for a thumb: {each}" for each in small]

    def _lost_focus(self) -> list[str]:
        return [f"focus not to be seen: {each}" for each in self.page.evaluate(UNSEEN_FOCUS)]

    def _barriers(self) -> list[str]:
        return [
            f"{violation['id']}: {node['target']} {node['html'][:150]}"
            for violation in self.page.evaluate(RUN_AXE, RULES)
            if violation["impact"] in GRAVE
            for node in violation["nodes"]
        ]


def pages_of(room: str, pages: list[Address]) -> list[Address]:
    """A room's pages; those of no room are "site"."""
    rooms = {page: page.name.removeprefix("admin:").split("_")[0] for page in pages}
    return [page for page in pages if (rooms[page] if rooms[page] in ROOMS else "site") == room]


@pytest.mark.parametrize("room", [*ROOMS, "site"])
def test_no_page_keeps_anybody_out_jumps_or_complains(screen: Screen, web: str, room: str) -> None:
    screen(sign_in, web, session_of(User.objects.create_superuser("ρίζα")))
    looking = screen(Looking, web)
    pages = pages_of(room, drawn_pages(make_rows()))

    found = {}
    for turn, page in enumerate(pages):
        found[page.name] = screen(lambda _page, address, turn: looking.look_at(address, turn), page, turn)

    assert found != {}
    if any(found.values()):
        pytest.fail("\n".join(f"{name}: {each}" for name, all_ in found.items() for each in all_))
