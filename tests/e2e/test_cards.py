"""Drafts decided from the review chat: real collector, worker and beat, simulated Telegram."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import QuerySet

from bots.models import ApprovalCard, ButtonPress
from bots.simulator import Person, SimulatedTelegram
from clients.models import TelegramUser
from messaging.models import Message
from sandbox import review
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from tests.e2e.faults import Faults
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

CHAT, REVIEW_CHAT = -1001, -1_009_000_000_001
ANNA = Person(id=501, first_name="Анна")
Start = Callable[[], None]


@pytest.fixture
def start(processes: Processes, telegram: SimulatedTelegram) -> Start:
    """Start all that a hub with a review chat runs, once there is a chat to answer in."""
    telegram.add_chat(REVIEW_CHAT, "Проверка")
    telegram.client_writes(CHAT, "Роза есть?")
    telegram.client_writes(REVIEW_CHAT, "Всем привет", user=ANNA)
    processes.environment["TELEGRAM_REVIEW_CHAT_ID"] = str(REVIEW_CHAT)
    processes.environment |= Faults(constants={"bots.card_desk.AWAY_SECONDS": 1}).as_environment()

    def begin() -> None:
        processes.manage("collect_telegram")
        processes.worker()
        processes.beat()
        wait_for(lambda: Message.objects.count() == 2)
        account = User.objects.create_user("anna", first_name="Анна", is_staff=True)
        account.user_permissions.add(Permission.objects.get(codename="review_pendingresponse"))
        TelegramUser.objects.filter(pk=ANNA.id).update(staff_account=account)

    return begin


def draft(text: str = "Есть, 95 рублей.") -> PendingResponse:
    return propose(proposal=Proposal(chat_id=CHAT, text=text), actor=Actor(name="agent")).response


def card_of(response: PendingResponse) -> ApprovalCard:
    return wait_for(lambda: response_cards(response).filter(message_id__isnull=False).first())


def response_cards(response: PendingResponse) -> QuerySet[ApprovalCard]:
    return ApprovalCard.objects.filter(response=response)


def status(response: PendingResponse) -> str:
    return PendingResponse.objects.get(pk=response.pk).status


def test_cards_decide_show_what_became_of_a_reply_and_catch_up_after_an_outage(
    start: Start, telegram: SimulatedTelegram
) -> None:
    start()
    response = draft()
    card = card_of(response)
    telegram.presses(REVIEW_CHAT, card.message_id, "✅ Одобрить", user=ANNA)

    wait_for(lambda: response_cards(response).filter(status="sent").exists())
    shown = telegram.message(REVIEW_CHAT, card.message_id)
    assert ("✅" in shown["text"], "Анна" in shown["text"], "reply_markup" in shown) == (True, True, False)
    assert [sent.text for sent in telegram.sent_messages if sent.chat_id == CHAT] == ["Есть, 95 рублей."]
    assert [answer["text"] for answer in telegram.answered_queries] == ["Одобрено; ответ отправляется."]
    assert status(response) == "sent"

    # A late press on what is decided does no harm, and neither does the same press once more.
    telegram.presses_button(REVIEW_CHAT, card.message_id, f"approve:{response.pk}:1", user=ANNA)
    wait_for(lambda: len(telegram.answered_queries) == 2)
    assert telegram.answered_queries[-1]["text"].startswith("Ничего не сделано")
    assert len([sent for sent in telegram.sent_messages if sent.chat_id == CHAT]) == 1

    # What is decided in the admin while Telegram is away stands on the card afterwards.
    presses = ButtonPress.objects.count()
    response = draft("Третий ответ.")
    card = card_of(response)
    telegram.stop()
    review.reject(response_id=response.pk, actor=Actor(name="Борис"), reason="Цена старая")
    other = draft("Второй ответ.")
    wait_for(lambda: response_cards(response).exclude(last_error="").exists())
    telegram.start()

    wait_for(lambda: response_cards(response).filter(status="rejected").exists())
    shown = telegram.message(REVIEW_CHAT, card.message_id)
    assert ("Борис" in shown["text"], "Цена старая" in shown["text"]) == (True, True)
    assert "reply_markup" not in shown
    assert "Второй ответ." in telegram.message(REVIEW_CHAT, card_of(other).message_id)["text"]
    assert ButtonPress.objects.count() == presses
