"""Replies decided by keys, in any keyboard layout, and never two by one press."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import CDPSession, Page, expect

from sandbox.models import PendingResponse, RejectionReason
from tests.browser.conftest import Screen
from tests.browser.review_steps import goes_on, is_ready, open_reply, session_of, sign_in
from tests.factories import ChatFactory, MessageFactory, ResponseFactory
from tests.marks import in_browser

pytestmark = in_browser

# What a coffee with fifty drafts allows for five.
SECONDS_FOR_FIVE = 20


@pytest.fixture
def address(screen: Screen, web: str) -> str:
    anna = User.objects.create_superuser("anna", first_name="Анна")
    screen(sign_in, web, session_of(anna))
    return web


def make_drafts(count: int) -> list[PendingResponse]:
    drafts = []
    for number in range(count):
        chat = ChatFactory(name=f"Магазин {number}")
        MessageFactory(chat=chat, timestamp=timezone.now() - timedelta(minutes=5))
        drafts.append(ResponseFactory(chat=chat, client_name=chat.name))
    return drafts


def states(drafts: list[PendingResponse]) -> list[str]:
    return [PendingResponse.objects.get(pk=draft.pk).status for draft in drafts]


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)


def decide_five(page: Page) -> float:
    """Approve, reject by digit, edit and approve from the box, approve for later, approve; the seconds."""
    started = time.monotonic()
    goes_on(page, lambda: press(page, "a"))
    press(page, "r")
    goes_on(page, lambda: press(page, "2"))
    press(page, "e")
    page.keyboard.type(" Ждём вас.")
    goes_on(page, lambda: press(page, "Control+Enter"))
    press(page, "s")
    press(page, "1")
    expect(page.locator("#approve")).to_have_accessible_name("Одобрить и отправить позже")
    goes_on(page, lambda: press(page, "a"))
    goes_on(page, lambda: press(page, "a"))
    return time.monotonic() - started


def test_five_drafts_are_decided_by_keys_within_twenty_seconds(screen: Screen, address: str) -> None:
    drafts = make_drafts(5)
    screen(open_reply, address, drafts[0])

    seconds = screen(decide_five)

    assert states(drafts) == ["approved", "rejected", "approved", "approved", "approved"]
    rejected, edited, later = (PendingResponse.objects.get(pk=draft.pk) for draft in drafts[1:4])
    assert rejected.rejected_reason == RejectionReason.objects.filter(is_offered=True)[1].text
    assert edited.response_text == "Да, роза есть, 95 рублей. Ждём вас."
    assert later.scheduled_at is not None
    assert timedelta(minutes=58) < later.scheduled_at - timezone.now() <= timedelta(minutes=60)
    assert screen(lambda page: page.url) == f"{address}/admin/sandbox/pendingresponse/"
    assert seconds < SECONDS_FOR_FIVE


class RussianKeyboard:
    """Real key events as a Russian layout sends them: the letter is Cyrillic, the key is the same."""

    LETTERS = {"KeyA": "ф", "KeyE": "у", "KeyJ": "о", "KeyK": "л", "KeyR": "к", "KeyS": "ы"}

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)

    def press(self, code: str, *, key: str = "", modifiers: int = 0) -> None:
        letter = key or self.LETTERS.get(code, code[-1])
        self.send("keyDown", code, letter, modifiers=modifiers)
        self.send("keyUp", code, letter, modifiers=modifiers)

    def send(self, kind: str, code: str, letter: str, *, modifiers: int = 0, held: bool = False) -> None:
        event = {"type": kind, "code": code, "key": letter, "modifiers": modifiers, "autoRepeat": held}
        if kind == "keyDown":
            event["text"] = letter
        self._session.send("Input.dispatchKeyEvent", event)


SHIFT = 8


def decide_in_russian(page: Page) -> str:
    """Next, previous, approve; reject by digit; edit; the help. Returns what is then in the box."""
    keyboard = RussianKeyboard(page)
    goes_on(page, lambda: keyboard.press("KeyJ"))
    goes_on(page, lambda: keyboard.press("KeyK"))
    goes_on(page, lambda: keyboard.press("KeyA"))
    keyboard.press("KeyR")
    goes_on(page, lambda: keyboard.press("Digit1"))
    keyboard.press("Digit7", key="?", modifiers=SHIFT)
    expect(page.locator("#help")).to_be_visible()
    press(page, "Escape")
    keyboard.press("KeyE")
    keyboard.press("KeyA")
    return page.input_value("#id_text")


def test_the_keys_are_the_same_ones_in_a_russian_layout(screen: Screen, address: str) -> None:
    drafts = make_drafts(3)
    screen(open_reply, address, drafts[0])

    typed = screen(decide_in_russian)

    # The letter that opened the box is not in it, the one after it is.
    assert typed == "Да, роза есть, 95 рублей.ф"
    assert states(drafts) == ["approved", "rejected", "pending"]


def press_what_decides_nothing(page: Page) -> None:
    for combination in ("Control+a", "Alt+a", "Meta+r", "5", "q"):
        press(page, combination)
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    for key in ("a", "j", "r"):
        press(page, key)
    press(page, "Escape")
    expect(page.locator("#help")).to_be_hidden()
    press(page, "r")
    expect(page.locator("#reject")).to_have_attribute("open", "")
    for key in ("a", "j", "9"):
        press(page, key)
    press(page, "Escape")
    expect(page.locator("#reject")).not_to_have_attribute("open", "")
    press(page, "e")
    expect(page.locator("#id_text")).to_be_focused()
    press(page, "Escape")
    expect(page.locator("#id_text")).not_to_be_focused()


def test_keys_with_others_held_in_the_help_or_past_an_open_choice_decide_nothing(
    screen: Screen, address: str
) -> None:
    [draft] = make_drafts(1)
    screen(open_reply, address, draft)
    before = screen(lambda page: page.url)

    screen(press_what_decides_nothing)

    assert screen(lambda page: page.url) == before
    assert states([draft]) == ["pending"]


def hold_the_approving_key(page: Page) -> None:
    keyboard = RussianKeyboard(page)
    goes_on(page, lambda: keyboard.send("keyDown", "KeyA", "ф"))
    for _ in range(20):
        keyboard.send("keyDown", "KeyA", "ф", held=True)
    keyboard.send("keyUp", "KeyA", "ф")


def decide_before_the_page_is_ready(page: Page) -> None:
    page.evaluate("delete document.getElementById('review-form').dataset.ready")
    press(page, "a")
    page.click("#approve")


def approve_by_a_double_click(page: Page) -> None:
    goes_on(page, lambda: page.dblclick("#approve"))


def test_a_held_key_a_double_click_and_a_late_press_decide_one_reply_at_most(
    screen: Screen, address: str
) -> None:
    drafts = make_drafts(3)
    screen(open_reply, address, drafts[0])

    screen(hold_the_approving_key)
    assert states(drafts) == ["approved", "pending", "pending"]

    screen(decide_before_the_page_is_ready)
    screen(lambda page: page.reload())
    assert states(drafts) == ["approved", "pending", "pending"]

    screen(is_ready)
    screen(approve_by_a_double_click)
    assert states(drafts) == ["approved", "approved", "pending"]


def confirm_by_keys(page: Page) -> None:
    press(page, "a")
    expect(page.locator("#confirm")).to_be_focused()
    press(page, "a")
    expect(page.locator("#confirm")).to_be_focused()
    press(page, "Space")
    goes_on(page, lambda: press(page, "a"))


def test_approving_a_stale_draft_goes_to_the_question_first(screen: Screen, address: str) -> None:
    [draft] = make_drafts(1)
    MessageFactory(chat=draft.chat, timestamp=timezone.now())
    screen(open_reply, address, draft)

    screen(confirm_by_keys)

    assert states([draft]) == ["approved"]
