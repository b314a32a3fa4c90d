"""A real Chromium, and what was on its screen kept as an artefact.

Playwright keeps an event loop running on its thread, and Django takes such a thread for asynchronous code; so
the browser has a thread of its own, and a test hands it what to do there.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.e2e.fixtures import processes, telegram
from tests.e2e.processes import Processes

__all__ = ["processes", "telegram"]

BASE_DIR = Path(__file__).resolve().parents[2]
ARTEFACTS = Path(os.environ.get("HUB_TEST_ARTEFACTS") or BASE_DIR / "test-artifacts")
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
STEP_SECONDS = 120

P = ParamSpec("P")
Result = TypeVar("Result")


class Screen:
    """One person's browser window. `screen(step, …)` runs `step(page, …)` on the browser's thread."""

    def __init__(self, thread: ThreadPoolExecutor, page: Page) -> None:
        self._thread = thread
        self._page = page

    def __call__(
        self, step: Callable[Concatenate[Page, P], Result], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        return self._thread.submit(step, self._page, *args, **kwargs).result(STEP_SECONDS)


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, thread_name_prefix="browser") as thread:
        yield thread


@pytest.fixture(scope="session")
def chromium(browser_thread: ThreadPoolExecutor) -> Iterator[Browser]:
    executable = find_chromium()
    if executable is None:
        if os.environ.get("HUB_REQUIRE_BROWSER"):
            pytest.fail("HUB_REQUIRE_BROWSER is set, and there is no Chromium on PATH.")
        pytest.skip("no Chromium on PATH (Debian: apt-get install chromium)")

    def start() -> tuple[Playwright, Browser]:
        playwright = sync_playwright().start()
        return playwright, playwright.chromium.launch(executable_path=executable, args=FLAGS)

    def stop() -> None:
        browser.close()
        playwright.stop()

    playwright, browser = browser_thread.submit(start).result(STEP_SECONDS)
    yield browser
    browser_thread.submit(stop).result(STEP_SECONDS)


@pytest.fixture(scope="session")
def standing_web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = Processes(tmp_path_factory.mktemp("web"))
    try:
        yield running.web()
    finally:
        running.close()


@pytest.fixture
def web(standing_web: str, transactional_db: None) -> str:
    """The address of one web process that serves all browser tests, one after another."""
    return standing_web


@pytest.fixture
def screen(chromium: Browser, browser_thread: ThreadPoolExecutor) -> Iterator[Screen]:
    """A window 1440 wide, on a machine that speaks English; no page may report an error to its console."""
    errors: list[str] = []

    def open_window() -> Page:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    page = browser_thread.submit(open_window).result(STEP_SECONDS)
    yield Screen(browser_thread, page)
    browser_thread.submit(page.context.close).result(STEP_SECONDS)
    assert errors == []


def keep_screenshot(page: Page, name: str) -> None:
    """The page as wide as it is, and as a phone shows it."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}-1440.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=ARTEFACTS / f"{name}-390.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
