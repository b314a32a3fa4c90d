"""A manager's part of the journey, in a real browser, on real processes."""

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from bots.simulator import SimulatedTelegram
from messaging.models import Chat, Message
from sandbox import review
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from tests.browser.conftest import Screen, keep_screenshot
from tests.browser.review_steps import is_ready, sees
from tests.e2e.processes import Processes, wait_for
from tests.factories import ChatFactory, MessageFactory
from tests.marks import in_browser

pytestmark = in_browser

CHAT = -1001
QUESTION = "Роза <b>Фридом</b> 60 есть? <script>alert(1)</script>"


@pytest.fixture
def anna(transactional_db: None) -> User:
    password = make_password("correct horse", hasher="pbkdf2_sha256")
    return User.objects.create(
        username="anna", password=password, first_name="Анна", is_staff=True, is_superuser=True
    )


@pytest.fixture
def draft(anna: User) -> PendingResponse:
    """A question was asked, and the agent proposes an answer."""
    if not Chat.objects.filter(pk=CHAT).exists():
        MessageFactory(chat=ChatFactory(pk=CHAT, name="Магазин «Пример»"), text=QUESTION)
    proposal = Proposal(chat_id=CHAT, text="Да, есть, по 96 рублей.", context="Клиент спрашивает о наличии.")
    return propose(proposal=proposal, actor=Actor(name="demo-agent")).response


@pytest.fixture
def collected(processes: Processes, telegram: SimulatedTelegram) -> None:
    """The question came in from Telegram."""
    telegram.add_chat(CHAT, "Магазин «Пример»")
    telegram.client_writes(CHAT, QUESTION)
    assert processes.manage("collect_telegram", "--once").wait(60) == 0


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.fill("input[name=username]", "anna")
    page.fill("input[name=password]", "correct horse")
    page.click("button[type=submit]")
    page.get_by_role("link", name="Ответы на проверку").click()


def open_first_draft(page: Page) -> None:
    keep_screenshot(page, "queue")
    page.get_by_role("link", name="Магазин «Пример»").first.click()
    expect(page.locator(".bubble-text")).to_have_text(QUESTION)
    is_ready(page)
    keep_screenshot(page, "review")


def approve(page: Page, text: str) -> None:
    page.fill("#id_text", text)
    page.get_by_role("button", name="Одобрить и отправить", exact=True).click()


def reject(page: Page, reason: str) -> None:
    page.locator("#reject summary").click()
    page.fill("#id_reason", reason)
    page.get_by_role("button", name="Отклонить этот ответ").click()


def sees_it_sent(page: Page, address: str, text: str) -> None:
    page.goto(address)
    expect(page.locator("#state")).to_have_text("отправлен")
    expect(page.locator(".bubble-ours .bubble-text")).to_have_text(text)
    keep_screenshot(page, "sent")


def test_a_manager_reads_edits_approves_and_sees_the_reply_sent(
    collected: None,
    screen: Screen,
    web: str,
    processes: Processes,
    telegram: SimulatedTelegram,
    draft: PendingResponse,
) -> None:
    processes.worker()
    screen(log_in, web)
    screen(open_first_draft)

    screen(approve, "Да, есть, по 97 рублей.")
    screen(sees, "Магазин «Пример»: одобрено, отправляется.")

    wait_for(lambda: PendingResponse.objects.get(pk=draft.pk).status == "sent")
    [arrived] = telegram.sent_messages
    assert (arrived.chat_id, arrived.text) == (CHAT, "Да, есть, по 97 рублей.")
    assert Message.objects.filter(source="sent", text="Да, есть, по 97 рублей.").count() == 1
    page_of_draft = f"{web}/admin/sandbox/pendingresponse/{draft.pk}/change/"
    screen(sees_it_sent, page_of_draft, "Да, есть, по 97 рублей.")


def test_a_rejection_keeps_the_reason_and_sends_nothing(
    screen: Screen, web: str, draft: PendingResponse
) -> None:
    screen(log_in, web)
    screen(open_first_draft)

    screen(reject, "Цена старая")
    screen(sees, "Магазин «Пример»: отклонено; агент прочитает причину.")

    draft.refresh_from_db()
    assert (draft.status, draft.rejected_reason) == ("rejected", "Цена старая")
    assert draft.approved_at is None


def test_a_decision_that_comes_too_late_says_who_was_first_and_keeps_the_words(
    screen: Screen, web: str, draft: PendingResponse
) -> None:
    screen(log_in, web)
    screen(open_first_draft)
    review.edit(response_id=draft.pk, actor=Actor(name="Борис"), text="Нет, закончилась.")

    screen(approve, "Да, по 95.")

    screen(sees, "Борис")
    screen(sees, "Нет, закончилась.")
    assert screen(lambda page: page.input_value("#id_text")) == "Да, по 95."
    draft.refresh_from_db()
    assert (draft.status, draft.response_text) == ("pending", "Нет, закончилась.")
