"""A real Chromium, and what was on its screen kept as an artefact."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.fixtures import processes, telegram

__all__ = ["processes", "telegram"]

ARTEFACTS = Path(
    os.environ.get("HUB_TEST_ARTEFACTS") or Path(__file__).resolve().parents[2] / "test-artifacts"
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        if os.environ.get("HUB_REQUIRE_BROWSER"):
            pytest.fail("HUB_REQUIRE_BROWSER is set, and there is no Chromium on PATH.")
        pytest.skip("no Chromium on PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserContext]:
    """A manager's browser, 1440 wide."""
    # Playwright keeps an event loop on this thread, and Django takes that for asynchronous code.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(desk: BrowserContext) -> Iterator[Page]:
    """A page that must not report an error to its console."""
    page = desk.new_page()
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


def keep_screenshot(page: Page, name: str) -> None:
    """The page as wide as it is, and as a phone shows it."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}-1440.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=ARTEFACTS / f"{name}-390.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
