"""A manager's part of the journey, in a real browser, on real processes."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from bots.simulator import SimulatedTelegram
from messaging.models import Message
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from tests.browser.conftest import keep_screenshot
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.browser, pytest.mark.e2e]

CHAT = -1001


@pytest.fixture
def draft(processes: Processes, telegram: SimulatedTelegram) -> PendingResponse:
    telegram.add_chat(CHAT, "Магазин «Пример»")
    telegram.client_writes(CHAT, "Роза <b>Фридом</b> 60 есть? <script>alert(1)</script>")
    processes.manage("collect_telegram", "--once").wait(60)
    User.objects.create_superuser("anna", password="correct horse", first_name="Анна")
    proposal = Proposal(chat_id=CHAT, text="Да, есть, по 96 рублей.", context="Клиент спрашивает о наличии.")
    return propose(proposal=proposal, actor=Actor(name="demo-agent")).response


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/admin/")
    page.fill("input[name=username]", "anna")
    page.fill("input[name=password]", "correct horse")
    page.click("button[type=submit]")


def test_a_manager_reads_edits_approves_and_sees_the_reply_sent(
    page: Page, processes: Processes, telegram: SimulatedTelegram, draft: PendingResponse
) -> None:
    address = processes.web()
    processes.worker()
    log_in(page, address)
    page.goto(f"{address}/admin/sandbox/pendingresponse/")
    keep_screenshot(page, "queue")
    page.get_by_role("link", name="Магазин «Пример»").first.click()
    expect(page.locator(".bubble-text")).to_have_text("Роза <b>Фридом</b> 60 есть? <script>alert(1)</script>")
    keep_screenshot(page, "review")

    page.fill("#id_text", "Да, есть, по 97 рублей.")
    page.get_by_role("button", name="Одобрить и отправить").click()
    expect(page.get_by_text("Одобрено; ответ отправляется.")).to_be_visible()

    wait_for(lambda: PendingResponse.objects.get(pk=draft.pk).status == "sent")
    [arrived] = telegram.sent_messages
    assert (arrived.chat_id, arrived.text) == (CHAT, "Да, есть, по 97 рублей.")
    assert Message.objects.filter(source="sent", text="Да, есть, по 97 рублей.").count() == 1
    page.goto(f"{address}/admin/sandbox/pendingresponse/{draft.pk}/change/")
    expect(page.locator("#state")).to_have_text("отправлен")
    expect(page.locator(".bubble-ours .bubble-text")).to_have_text("Да, есть, по 97 рублей.")
    keep_screenshot(page, "sent")


def test_a_rejection_keeps_the_reason_and_sends_nothing(
    page: Page, processes: Processes, telegram: SimulatedTelegram, draft: PendingResponse
) -> None:
    address = processes.web()
    log_in(page, address)
    page.goto(f"{address}/admin/sandbox/pendingresponse/{draft.pk}/change/")
    page.locator(".review-reject summary").click()
    page.fill("#id_reason", "Цена старая")
    page.get_by_role("button", name="Отклонить этот ответ").click()
    expect(page.get_by_text("Отклонено; агент прочитает причину.")).to_be_visible()

    draft.refresh_from_db()
    assert (draft.status, draft.rejected_reason) == ("rejected", "Цена старая")
    assert telegram.sent_messages == []


def test_a_decision_that_comes_too_late_says_who_was_first_and_keeps_the_words(
    page: Page, processes: Processes, draft: PendingResponse
) -> None:
    from sandbox import review

    address = processes.web()
    log_in(page, address)
    page.goto(f"{address}/admin/sandbox/pendingresponse/{draft.pk}/change/")
    review.edit(response_id=draft.pk, actor=Actor(name="Борис"), text="Нет, закончилась.")

    page.fill("#id_text", "Да, по 95.")
    page.get_by_role("button", name="Одобрить и отправить").click()

    expect(page.get_by_text("Борис").first).to_be_visible()
    expect(page.locator("#id_text")).to_have_value("Да, по 95.")
    expect(page.get_by_text("Нет, закончилась.")).to_be_visible()
    draft.refresh_from_db()
    assert (draft.status, draft.response_text) == ("pending", "Нет, закончилась.")
