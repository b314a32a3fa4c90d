"""Which pictures docs/ has. A page that is new is a line of PICTURES."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from bots.simulator.scenario.cast import REVIEW_CHAT_TITLE

DESK, PHONE, CARD = (1440, 900), (390, 844), (420, 760)
QUEUE = "/admin/sandbox/pendingresponse/"
REVIEW_CHAT = f'section[aria-label="{REVIEW_CHAT_TITLE}"]'
COMPLAINT = "Ждём машину с самого утра, водитель не отвечает! Когда привезут розы?"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """`name`.png: a page at a size, after `arrange` was done there; `part` is a selector, else the window."""

    name: str
    path: str
    size: tuple[int, int] = DESK
    arrange: Callable[[Page], None] | None = None
    part: str = ""
    is_dark: bool = False
    in_telegram: bool = False


def follow(*selectors: str) -> Callable[[Page], None]:
    """Press the first link of each, one page after the other."""

    def press(page: Page) -> None:
        for selector in selectors:
            with page.expect_navigation():
                page.locator(selector).first.click()
            page.wait_for_load_state("networkidle")

    return press


def try_a_message(page: Page) -> None:
    page.fill("#id_text", COMPLAINT)
    page.select_option("#id_sender_role", label="Клиент")
    with page.expect_navigation():
        page.locator(
            "main form button:has-text('Попробовать'), form button:has-text('Попробовать')"
        ).first.click()


def open_a_label(page: Page) -> None:
    _to_the_conversation(page)
    page.locator(".bubble-client a.label[data-correct]").last.click()
    page.wait_for_selector("dialog.correction[open] fieldset")


def show_all_of_the_card(page: Page) -> None:
    """The page of the simulated Telegram lets long chats scroll."""
    page.locator(f"{REVIEW_CHAT} .talk").evaluate("talk => { talk.style.height = 'auto'; }")


def _to_the_conversation(page: Page) -> None:
    follow('.card:has-text("Проверка") .card-client a', ".review-client a")(page)


REVIEW = follow('.card:has-text("Тестовый букет") .card-client a')
PICTURES = (
    Picture(name="home", path="/admin/"),
    Picture(name="home-phone", path="/admin/", size=PHONE),
    Picture(name="home-day", path="/admin/?days=7", part="#day"),
    Picture(name="waiting", path="/admin/desk/waiting/"),
    Picture(name="queue", path=QUEUE),
    Picture(name="review", path=QUEUE, arrange=REVIEW),
    Picture(name="review-dark", path=QUEUE, arrange=REVIEW, is_dark=True),
    Picture(name="review-phone", path=QUEUE, size=PHONE, arrange=REVIEW),
    Picture(name="conversation", path=QUEUE, arrange=_to_the_conversation),
    Picture(name="correcting", path=QUEUE, arrange=open_a_label),
    Picture(name="messages", path="/admin/messaging/message/?q=розы"),
    Picture(name="recording", path="/admin/messaging/recording/", arrange=follow("#result_list th a")),
    Picture(name="try-message", path="/admin/intents/messagepattern/try/", arrange=try_a_message),
    Picture(
        name="card",
        path="/",
        size=CARD,
        arrange=show_all_of_the_card,
        part=f"{REVIEW_CHAT} article:last-of-type",
        in_telegram=True,
    ),
)
