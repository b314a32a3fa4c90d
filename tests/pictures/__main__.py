"""The pictures of docs/: `make pictures` sets a hub of its own (stage.py) and takes them, in Russian."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, find_chromium
from tests.e2e.processes import wait_for
from tests.pictures.keeping import keep
from tests.pictures.stage import LOGIN, PASSWORD, Stage, stage
from tests.pictures.taken import PICTURES, QUEUE, Picture

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
CONTENT_SECONDS = 120
# Replies that wait when the agent has seen all that the shops said.
DRAFTS = 6
LOOKS = 40


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium on PATH (Debian: apt-get install chromium).")
    with stage() as hub, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            _take_all(browser, hub, set(sys.argv[1:]))
        finally:
            browser.close()


def _take_all(browser: Browser, hub: Stage, names: set[str]) -> None:
    """All of them, or those that were named."""
    page = browser.new_context(locale="ru-RU", timezone_id="Europe/Moscow").new_page()
    _log_in(page, hub.web)
    _wait_for_content(page, hub)
    for picture in PICTURES:
        if names and picture.name not in names:
            continue
        path = FOLDER / f"{picture.name}.png"
        word = "taken" if keep(_shoot(page, hub, picture), path) else "as it was"
        print(f"{path.name}: {word}, {path.stat().st_size // 1024} KiB")  # noqa: T201


def _log_in(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/login/")
    page.fill("#id_username", LOGIN)
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
        page.press("#id_password", "Enter")


def _wait_for_content(page: Page, hub: Stage) -> None:
    """Until drafts wait, stand on cards, and what was spoken has its words."""
    page.goto(f"{hub.web}{QUEUE}")
    expect(page.locator('[data-number="waiting"] dd')).to_have_text(
        str(DRAFTS), timeout=CONTENT_SECONDS * 1000
    )
    wait_for(
        lambda: _has(page, f"{hub.web}/admin/messaging/recording/?state__exact=done", "#result_list th a")
    )
    wait_for(lambda: _has(page, hub.telegram, "button[data-message]"))


def _has(page: Page, url: str, selector: str) -> bool:
    page.goto(url)
    return page.locator(selector).count() > 0


def _shoot(page: Page, hub: Stage, picture: Picture) -> bytes:
    width, height = picture.size
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if picture.is_dark else "light", reduced_motion="reduce")
    page.goto(f"{hub.telegram if picture.in_telegram else hub.web}{picture.path}")
    page.wait_for_load_state("networkidle")
    if picture.arrange:
        picture.arrange(page)
    if not picture.in_telegram:
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", picture.is_dark)
    return _steady(page, picture.part)


def _steady(page: Page, part: str) -> bytes:
    """The picture when nothing moves any more: charts are drawn, letters are there."""
    target = page.locator(part).first if part else page
    before = b""
    for _look in range(LOOKS):
        shot = target.screenshot(animations="disabled")
        if shot == before:
            return shot
        before = shot
        page.wait_for_timeout(250)
    sys.exit(f"{page.url} does not come to rest")


if __name__ == "__main__":
    main()
