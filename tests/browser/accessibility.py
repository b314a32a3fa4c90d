"""No finding of axe that keeps people out, in the light and in the dark theme."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
# The theme is this class of unfold's; its switch sets nothing else.
_IS_DARK = "document.documentElement.classList.contains('dark')"
_TURN_DARK = "dark => document.documentElement.classList.toggle('dark', dark)"


def assert_accessible(page: Page, *, exclude: tuple[str, ...] = ()) -> None:
    """`exclude`: selectors of what is not ours and cannot be mended here; say why where you name them."""
    page.add_style_tag(content="* { transition: none !important; }")  # or axe measures a colour on its way
    was_dark = page.evaluate(_IS_DARK)
    for is_dark in (False, True):
        page.evaluate(_TURN_DARK, is_dark)
        assert _findings(page, exclude) == [], "in the dark theme" if is_dark else "in the light theme"
    page.evaluate(_TURN_DARK, was_dark)


def _findings(page: Page, exclude: tuple[str, ...]) -> list[str]:
    context: Any = {"exclude": [[selector] for selector in exclude]} if exclude else None
    violations = Axe().run(page, context).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
