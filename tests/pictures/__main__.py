"""The pictures of README: `make pictures` starts a demo hub of its own and takes them when people talk.

In Russian, at sizes that stay, so that a new picture differs from the old one by what the hub shows. A page
that is new is a line of PICTURES.
"""

import io
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, find_chromium
from tests.cvgorod_hub.running_hub import RunningHub

FOLDER = Path(__file__).resolve().parents[2] / "docs"
LOGIN, PASSWORD = "admin", "pictures-only"
DESK, PHONE = (1440, 900), (390, 844)
# Replies that wait on the first page: enough to look like a day at work.
LIVELY = 6
CONTENT_SECONDS = 240


@dataclass(frozen=True)
class Picture:
    """`name`.png of a page; `follow` is the first link to press on the way."""

    name: str
    path: str
    size: tuple[int, int] = DESK
    follow: str = ""
    is_dark: bool = False


REVIEW = ".card .card-client a, .card a"
PICTURES = (
    Picture("home", "/admin/"),
    Picture("queue", "/admin/sandbox/pendingresponse/"),
    Picture("review", "/admin/sandbox/pendingresponse/", follow=REVIEW),
    Picture("review-dark", "/admin/sandbox/pendingresponse/", follow=REVIEW, is_dark=True),
    Picture("review-phone", "/admin/sandbox/pendingresponse/", PHONE, follow=REVIEW),
    Picture("messages", "/admin/messaging/message/"),
)


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium on PATH (Debian: apt-get install chromium).")
    account = {"DJANGO_SUPERUSER_USERNAME": LOGIN, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    with tempfile.TemporaryDirectory(prefix="hub-pictures-") as data:
        hub = RunningHub(Path(data), "--demo", **account)
        try:
            hub.wait_for_line("Hub is ready", seconds=CONTENT_SECONDS)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                _take_all(browser, f"http://127.0.0.1:{hub.port}")
        finally:
            hub.stop()


def _take_all(browser: Browser, web: str) -> None:
    page = browser.new_context(locale="ru-RU", timezone_id="Europe/Moscow").new_page()
    _log_in(page, web)
    _wait_for_people(page, web)
    for picture in PICTURES:
        path = _take(page, web, picture)
        print(f"{path.relative_to(FOLDER.parent)}: {path.stat().st_size // 1024} KiB")  # noqa: T201


def _log_in(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/login/")
    page.fill("#id_username", LOGIN)
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
        page.press("#id_password", "Enter")


def _wait_for_people(page: Page, web: str) -> None:
    """Until the demo's agent has proposed enough replies; the queue's own numbers follow by themselves."""
    page.goto(f"{web}/admin/sandbox/pendingresponse/")
    expect(page.locator('[data-number="waiting"] dd')).to_have_text(
        _at_least(LIVELY), timeout=CONTENT_SECONDS * 1000
    )


def _at_least(count: int) -> re.Pattern[str]:
    return re.compile(rf"^({'|'.join(map(str, range(count, 10)))}|\d{{2,}}\+?)$")


def _take(page: Page, web: str, picture: Picture) -> Path:
    width, height = picture.size
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if picture.is_dark else "light", reduced_motion="reduce")
    page.goto(f"{web}{picture.path}")
    if picture.follow:
        with page.expect_navigation():
            page.locator(picture.follow).first.click()
    page.wait_for_load_state("networkidle")
    page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", picture.is_dark)
    return _keep(page.screenshot(animations="disabled"), FOLDER / f"{picture.name}.png")


def _keep(shot: bytes, path: Path) -> Path:
    """A palette of 256 colours is a third of the size, and no eye sees it on a page of text."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


if __name__ == "__main__":
    main()
