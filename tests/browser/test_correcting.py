"""What a message means, corrected by keys and by thumb, beside a draft that stays untouched."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from intents.models import AnalysisCorrection, Intent, MessageAnalysis
from sandbox.models import PendingResponse
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Screen, keep_screenshot
from tests.browser.review_steps import PHONE, open_reply, session_of, sign_in
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory, ResponseFactory
from tests.marks import in_browser

pytestmark = in_browser

ITEM = {"kind": "item", "text": "роза 60", "product": "роза", "length_cm": 60, "quantity": 5, "unit": "pack"}


@pytest.fixture
def address(screen: Screen, web: str) -> str:
    anna = User.objects.create_superuser("anna", first_name="Анна")
    screen(sign_in, web, session_of(anna))
    return web


@pytest.fixture
def draft(transactional_db: None) -> PendingResponse:
    chat = ChatFactory(name="Салон «Камелия»")
    moment = timezone.now() - timedelta(minutes=5)
    for number, intent in enumerate((Intent.QUESTION, Intent.OTHER)):
        said = MessageFactory(chat=chat, text=f"роза 60 пять пачек {number}", timestamp=moment)
        AnalysisFactory(message=said, intent=intent, entities=[ITEM])
    return ResponseFactory(chat=chat)


def correct_by_keys(page: Page) -> None:
    """Open the choice from the label, go to another intent, press it; focus is back at the labels."""
    labels = page.locator("#conversation .labels").last
    labels.locator("a[data-correct]").first.focus()
    page.keyboard.press("Enter")
    choice = page.get_by_role("dialog", name="Что это значит?")
    expect(choice.get_by_role("button", name="Другое")).to_be_focused()
    page.keyboard.press("a")  # approves the draft elsewhere, nothing here
    assert_accessible(page)
    keep_screenshot(page, "correction")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    expect(choice.get_by_role("button", name="Жалоба")).to_be_focused()
    page.keyboard.press("Enter")
    expect(choice).to_be_hidden()
    expect(labels.get_by_text("Жалоба")).to_be_focused()
    expect(labels.get_by_text("проверено")).to_be_visible()


def leave_by_escape(page: Page) -> None:
    label = page.locator("#conversation .labels").first.locator("a[data-correct]").first
    label.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(label).to_be_focused()


def say_right_by_thumb(page: Page) -> None:
    page.set_viewport_size(PHONE)
    labels = page.locator("#conversation .labels").first
    labels.get_by_role("button", name="Верно").click()
    expect(labels.get_by_text("проверено")).to_be_visible()
    labels.locator("a.label-entity").click()
    choice = page.get_by_role("dialog")
    box = choice.bounding_box()
    assert box is not None
    assert (box["x"], box["width"], round(box["y"] + box["height"])) == (0, PHONE["width"], PHONE["height"])
    choice.get_by_role("button", name="роза 60 см").click()
    expect(labels.locator(".label-entity")).to_have_count(0)


def test_a_message_is_corrected_by_keys_beside_a_draft(
    screen: Screen, address: str, draft: PendingResponse
) -> None:
    screen(open_reply, address, draft)

    screen(correct_by_keys)
    screen(leave_by_escape)

    corrected, other = MessageAnalysis.objects.order_by("-message_id")
    assert (corrected.intent, corrected.source) == (Intent.COMPLAINT, "person")
    assert other.source == "pattern"
    assert AnalysisCorrection.objects.get().actor_name == "Анна"
    draft.refresh_from_db()
    assert draft.status == PendingResponse.Status.PENDING


def test_right_as_it_is_and_what_it_is_not_about_by_thumb(
    screen: Screen, address: str, draft: PendingResponse
) -> None:
    screen(open_reply, address, draft)

    screen(say_right_by_thumb)

    analysis = MessageAnalysis.objects.order_by("message_id")[0]
    assert (analysis.entities, analysis.source) == ([], "person")
    assert AnalysisCorrection.objects.count() == 2


def look(page: Page, url: str, name: str) -> None:
    page.goto(url)
    expect(page.locator(".label, .run, .runs").first).to_be_visible()
    assert_accessible(page)
    keep_screenshot(page, name)


def start_and_watch(page: Page, address: str) -> None:
    """From the list as it is filtered to the run's page; cancelled there."""
    page.goto(f"{address}/admin/intents/messageanalysis/?intent__exact=question")
    page.get_by_role("link", name="Разобрать заново…").click()
    expect(page.get_by_text("1 сообщение")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Разобрать по правилам").click()
    expect(page.get_by_text("0 из 1")).to_be_visible()
    assert_accessible(page)
    keep_screenshot(page, "reclassification")
    page.get_by_role("button", name="Отменить остальное").click()
    expect(page.get_by_text("отменено").first).to_be_visible()


def test_lists_and_messages_keep_nobody_out(screen: Screen, address: str, draft: PendingResponse) -> None:
    message_id = MessageAnalysis.objects.order_by("message_id")[0].message_id

    screen(look, f"{address}/admin/messaging/message/{message_id}/change/", "message")
    screen(look, f"{address}/admin/intents/messageanalysis/", "analyses")
    screen(start_and_watch, address)
