"""The page of one reply under the mouse and the thumb: typing, later, a conversation that goes on."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Dialog, Page, expect

from messaging.models import Chat
from sandbox.models import PendingResponse, RejectionReason
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Screen, keep_screenshot
from tests.browser.review_steps import PHONE, goes_on, is_ready, open_reply, sees, session_of, sign_in
from tests.factories import AnalysisFactory, ChatFactory, ManagerFactory, MessageFactory, ResponseFactory
from tests.marks import in_browser

pytestmark = in_browser

# WCAG 2.2, 2.5.5: a target for a thumb, in CSS pixels.
TARGET = 44


@pytest.fixture
def address(screen: Screen, web: str) -> str:
    anna = User.objects.create_superuser("anna", first_name="Анна")
    screen(sign_in, web, session_of(anna))
    return web


@pytest.fixture
def draft(transactional_db: None) -> PendingResponse:
    """In a chat with some history."""
    chat = ChatFactory(name="Салон «Камелия»")
    boris = ManagerFactory(first_name="Борис")
    now = timezone.now()
    for minute in range(60, 10, -1):
        said = MessageFactory(chat=chat, text=f"раньше {minute}", timestamp=now - timedelta(minutes=minute))
    MessageFactory(chat=chat, text="Сейчас посмотрю", user=boris, timestamp=now - timedelta(minutes=9),
                   reply_to_message_id=said.telegram_message_id)  # fmt: skip
    question = MessageFactory(chat=chat, text="Фридом 60 есть?", timestamp=now - timedelta(minutes=8))
    AnalysisFactory(message=question, is_urgent=True)
    Chat.objects.filter(pk=chat.pk).update(waiting_since=question.timestamp)
    return ResponseFactory(
        chat=chat,
        client_name=chat.name,
        reply_to_message_id=question.telegram_message_id,
        context="Остаток 40 пачек, цена из прайса.",
    )


def client_writes(chat: Chat, text: str) -> None:
    MessageFactory(chat=chat, text=text, timestamp=timezone.now())


def type_and_look_back(page: Page) -> None:
    """What differs is shown while typing; more of the history comes without losing what was typed."""
    page.fill("#id_text", "Да, роза есть, 97 рублей.")
    expect(page.locator("#preview del")).to_have_text("95")
    expect(page.locator("#preview ins")).to_have_text("97")
    keep_screenshot(page, "review-diff")
    expect(page.get_by_text("раньше 60")).to_have_count(0)
    page.locator("#earlier").click()
    expect(page.get_by_text("раньше 60")).to_be_attached()
    assert page.input_value("#id_text") == "Да, роза есть, 97 рублей."


def type_too_much(page: Page) -> None:
    page.fill("#id_text", "🌷" * 4099)
    approve = page.locator("#approve")
    expect(approve).to_be_disabled()
    expect(approve).to_contain_text("Длиннее предела на 3")
    expect(page.locator("#text-count")).to_have_text("4099 / 4096")
    page.fill("#id_text", "  ")
    expect(approve).to_contain_text("Текст пуст")
    page.fill("#id_text", "Да, роза есть, 97 рублей.")
    expect(approve).to_be_enabled()


def leave_and_think_better_of_it(page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.locator(".review-back").click()
    expect(page.locator("#id_text")).to_be_visible()
    assert asked == ["beforeunload"]


def approve_for_tomorrow(page: Page) -> None:
    page.locator("#schedule summary").click()
    page.get_by_role("button", name="Завтра, 09:00").click()
    expect(page.locator(".review-goes-out")).to_have_text("Уйдёт завтра в 09:00.")
    keep_screenshot(page, "review-later")
    goes_on(page, page.get_by_role("button", name="Одобрить и отправить позже").click)


def test_what_is_typed_is_compared_measured_kept_and_approved_for_later(
    screen: Screen, address: str, draft: PendingResponse
) -> None:
    screen(open_reply, address, draft)
    screen(type_and_look_back)
    screen(type_too_much)
    screen(leave_and_think_better_of_it)

    screen(approve_for_tomorrow)

    screen(sees, "Салон «Камелия»: одобрено, уйдёт завтра в 09:00.")
    draft.refresh_from_db()
    tomorrow = timezone.localtime() + timedelta(days=1)
    assert (draft.status, draft.response_text) == ("approved", "Да, роза есть, 97 рублей.")
    assert draft.scheduled_at == tomorrow.replace(hour=9, minute=0, second=0, microsecond=0)


def approve_too_late(page: Page) -> None:
    page.fill("#id_text", "Набрано мной")
    goes_on(page, page.locator("#approve").click)


def sees_what_came(page: Page) -> None:
    sees(page, "После того как ответ предложили, переписка продолжилась. Прочитайте её и подтвердите.")
    expect(page.locator(".conversation-line + .bubble .bubble-text")).to_have_text("Уже не надо")
    expect(page.locator("#stale")).to_contain_text("клиент написал")
    expect(page.locator("#id_text")).to_have_value("Набрано мной")
    keep_screenshot(page, "review-stale")


def confirm(page: Page) -> None:
    page.locator("#approve").click()
    expect(page.locator("#confirm")).to_be_focused()  # the browser asks for it
    page.locator("#confirm").check()
    goes_on(page, page.locator("#approve").click)


def test_a_conversation_that_went_on_is_read_and_confirmed_each_time(
    screen: Screen, address: str, draft: PendingResponse
) -> None:
    screen(open_reply, address, draft)
    client_writes(draft.chat, "Уже не надо")

    screen(approve_too_late)
    screen(sees_what_came)
    client_writes(draft.chat, "Хотя нет, давайте")
    screen(confirm)

    screen(sees, "Пока вы читали, переписка продолжилась.")
    screen(sees, "Хотя нет, давайте")
    draft.refresh_from_db()
    assert draft.status == "pending"
    screen(confirm)
    draft.refresh_from_db()
    assert (draft.status, draft.response_text) == ("approved", "Набрано мной")


def reject_with_the_thumb(page: Page, reason: str) -> None:
    page.set_viewport_size(PHONE)
    page.reload()
    is_ready(page)
    newest = page.locator(".bubble").last
    expect(newest).to_be_in_viewport(ratio=1)
    expect(page.locator("#approve")).to_be_in_viewport(ratio=1)
    page.locator("#reject summary").click()
    assert small_targets(page) == []
    expect(page.locator("#reject-own")).to_be_in_viewport(ratio=1)
    goes_on(page, page.get_by_role("button", name=reason).click)


def small_targets(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        ".review :is(button, a, summary.review-button, textarea, input:not([type=hidden], [type=checkbox]))",
        """(elements, target) => elements
            .filter((element) => element.checkVisibility() && !element.matches(".bubble-quote"))
            .filter((element) => element.getBoundingClientRect().height < target)
            .map((element) => element.outerHTML.slice(0, 120))""",
        TARGET,
    )
    return found


def test_a_thumb_reaches_everything_and_rejects_by_one_click(
    screen: Screen, address: str, draft: PendingResponse
) -> None:
    reason = RejectionReason.objects.filter(is_offered=True).first()
    assert reason is not None
    screen(open_reply, address, draft)

    screen(reject_with_the_thumb, reason.text)

    draft.refresh_from_db()
    assert (draft.status, draft.rejected_reason) == ("rejected", reason.text)


def look_with_other_eyes(page: Page) -> None:
    """Everything open that can be open, at both widths."""
    for size in ({"width": 1440, "height": 900}, PHONE):
        page.set_viewport_size(size)
        page.reload()
        is_ready(page)
        page.fill("#id_text", "Да, роза есть, 97 рублей.")
        expect(page.locator("#preview ins")).to_have_text("97")
        assert_accessible(page)
        for panel in ("#schedule", "#reject"):
            page.locator(f"{panel} > summary").click()
            assert_accessible(page)
        page.keyboard.press("Escape")
        page.once("dialog", lambda dialog: dialog.accept())
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("#help-button").click()
    assert_accessible(page)


def test_no_grave_finding_of_axe_in_light_and_dark_at_both_widths(
    screen: Screen, address: str, draft: PendingResponse
) -> None:
    client_writes(draft.chat, "Уже не надо")
    screen(open_reply, address, draft)

    screen(look_with_other_eyes)
