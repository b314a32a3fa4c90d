"""Which cards are sent and changed, and what a failing Telegram does to them. Real commits, real aiogram."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django import Settings

from bots import card_desk
from bots.card_queue import claim_next
from bots.models import ApprovalCard
from bots.simulator import SimulatedTelegram, answers
from messaging.models import Chat
from sandbox import review
from sandbox.actors import Actor
from sandbox.models import PendingResponse, SendingState
from sandbox.sending import note_refused_token
from tests.factories import AnalysisFactory, MessageFactory, ResponseFactory
from tests.marks import committed

pytestmark = committed

REVIEW_CHAT = -1_009_000_000_001
ANNA = Actor(name="Анна")


@pytest.fixture(autouse=True)
def desk(telegram: SimulatedTelegram, settings: Settings) -> Iterator[None]:
    settings.TELEGRAM_REVIEW_CHAT_ID = REVIEW_CHAT
    settings.HUB_PUBLIC_URL = "https://hub.example.com"
    telegram.add_chat(REVIEW_CHAT, "Проверка")
    card_desk._refused_addresses.clear()
    forget_the_pace()
    yield
    card_desk._refused_addresses.clear()


def forget_the_pace() -> None:
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        client.flushdb()
        client.set("hub:pace:warm", 1)


def run() -> int:
    """One run of the sweep, as if the chat had been quiet for a while."""
    forget_the_pace()
    return card_desk.show_due(seconds=10)


def cards(telegram: SimulatedTelegram) -> list[str]:
    return [message["text"] for message in telegram.messages(REVIEW_CHAT) if "text" in message]


def later(card: ApprovalCard) -> None:
    ApprovalCard.objects.filter(pk=card.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))


def test_drafts_get_cards_in_the_order_of_the_queue(telegram: SimulatedTelegram) -> None:
    ResponseFactory(response_text="Первый")
    urgent = AnalysisFactory(is_urgent=True, message__text="Где машина?").message
    Chat.objects.filter(pk=urgent.chat_id).update(waiting_since=urgent.timestamp)
    ResponseFactory(response_text="Срочный", chat=urgent.chat)
    ResponseFactory(response_text="Отклонён", status="rejected")

    assert run() == 2

    first, second = cards(telegram)
    assert ("Срочный" in first, "Где машина?" in first, "Первый" in second) == (True, True, True)
    calls = telegram.calls("sendMessage")
    assert [call.params["chat_id"] for call in calls] == [str(REVIEW_CHAT)] * 2
    assert all("parse_mode" not in call.params for call in calls)
    assert run() == 0


def test_cards_keep_the_pace_of_their_chat(telegram: SimulatedTelegram) -> None:
    for _ in range(2):
        ResponseFactory()

    assert run() == 2

    first, second = telegram.calls("sendMessage")
    assert second.at - first.at >= 0.9


def test_without_a_review_chat_there_are_no_cards(telegram: SimulatedTelegram, settings: Settings) -> None:
    settings.TELEGRAM_REVIEW_CHAT_ID = None
    ResponseFactory()

    assert run() == 0
    assert telegram.requests == []


def test_a_paused_sending_holds_cards_back(telegram: SimulatedTelegram) -> None:
    ResponseFactory()
    note_refused_token()

    assert run() == 0
    SendingState.objects.update(paused_until=None)
    assert run() == 1
    assert len(cards(telegram)) == 1


@pytest.mark.parametrize("decision", ["approve", "reject", "edit", "expire", "sent", "unknown"])
def test_a_card_follows_its_reply_wherever_it_was_decided(telegram: SimulatedTelegram, decision: str) -> None:
    response = ResponseFactory()
    run()
    card = ApprovalCard.objects.get()
    rows = PendingResponse.objects.filter(pk=response.pk)

    match decision:
        case "approve":
            review.approve(response_id=response.pk, actor=ANNA)
        case "reject":
            review.reject(response_id=response.pk, actor=ANNA, reason="Цена")
        case "edit":
            review.edit(response_id=response.pk, actor=ANNA, text="Новый текст")
        case "expire":
            rows.update(status="expired")
        case "sent":
            rows.update(status="sent", sent_at=timezone.now())
        case _:
            rows.update(status="unknown")
    assert run() == 1

    text = telegram.message(REVIEW_CHAT, card.message_id)["text"]
    expected = {
        "approve": "Анна",
        "reject": "Цена",
        "edit": "Новый текст",
        "expire": "⌛",
        "sent": "✅",
        "unknown": f"https://hub.example.com/admin/sandbox/pendingresponse/{response.pk}/change/",
    }
    assert expected[decision] in text
    assert bool(telegram.buttons(REVIEW_CHAT, card.message_id)) is (decision == "edit")
    card.refresh_from_db()
    assert (card.closed_at is not None) is (decision in {"reject", "expire", "sent"})
    assert run() == 0


def test_an_edited_draft_is_approved_by_its_new_version_only(telegram: SimulatedTelegram) -> None:
    response = ResponseFactory()
    run()
    card = ApprovalCard.objects.get()
    review.edit(response_id=response.pk, actor=ANNA, text="Новый текст")
    run()

    [approve, _reject, _open] = telegram.buttons(REVIEW_CHAT, card.message_id).values()
    assert approve["callback_data"] == f"approve:{response.pk}:2"


def test_a_card_says_that_the_conversation_went_on(telegram: SimulatedTelegram) -> None:
    question = MessageFactory(text="Роза есть?")
    ResponseFactory(chat=question.chat)
    run()
    MessageFactory(chat=question.chat, text="Уже не нужно")

    assert run() == 1

    [text] = cards(telegram)
    assert ("⚠️" in text, "Роза есть?" in text, "Уже не нужно" in text) == (True, True, True)
    assert run() == 0


def test_a_draft_decided_before_its_card_was_sent_gets_none(telegram: SimulatedTelegram) -> None:
    response = ResponseFactory()
    telegram.script("sendMessage", [answers.bad_gateway()])
    assert run() == 0
    review.reject(response_id=response.pk, actor=ANNA)

    assert run() == 0
    assert cards(telegram) == []
    assert ApprovalCard.objects.get().closed_at is not None


def test_a_telegram_that_is_away_delays_cards_in_their_order(
    telegram: SimulatedTelegram, settings: Settings
) -> None:
    for text in ("Первый", "Второй"):
        ResponseFactory(response_text=text)
    telegram.stop()
    for _ in range(7):
        assert run() == 0
    telegram.start()

    assert run() == 2
    assert ["Первый" in cards(telegram)[0], "Второй" in cards(telegram)[1]] == [True, True]
    assert set(ApprovalCard.objects.values_list("attempts", flat=True)) == {0}


def test_an_outage_during_a_change_is_caught_up(telegram: SimulatedTelegram) -> None:
    response = ResponseFactory()
    run()
    card = ApprovalCard.objects.get()
    review.reject(response_id=response.pk, actor=ANNA)
    telegram.script("editMessageText", [answers.bad_gateway(), answers.disconnect(delivered=True)])
    for _ in range(2):
        assert run() == 0
        later(card)

    assert run() == 1  # "message is not modified": the second try had arrived
    card.refresh_from_db()
    assert (card.status, card.attempts, card.last_error) == ("rejected", 0, "")


def test_a_pause_that_telegram_asks_for_is_kept(telegram: SimulatedTelegram) -> None:
    ResponseFactory()
    telegram.script("sendMessage", [answers.too_many_requests(40)])
    assert run() == 0

    assert card_desk.show_due(seconds=5) == 0
    assert len(telegram.calls("sendMessage")) == 1
    assert SendingState.objects.filter(strikes__gt=0).count() == 0
    assert run() == 1


def test_a_doubtful_send_is_repeated_but_not_for_ever(telegram: SimulatedTelegram) -> None:
    ResponseFactory()
    telegram.script("sendMessage", [answers.disconnect(delivered=True)] * 10)
    run()
    card = ApprovalCard.objects.get()
    for _ in range(10):
        later(card)
        run()

    assert len(cards(telegram)) == 5
    card.refresh_from_db()
    assert card.closed_at is not None


def test_a_change_that_is_refused_is_given_up(telegram: SimulatedTelegram) -> None:
    response = ResponseFactory()
    run()
    card = ApprovalCard.objects.get()
    review.reject(response_id=response.pk, actor=ANNA)
    telegram.script("editMessageText", [answers.refuse(400, "Bad Request: message can't be edited")] * 10)
    for _ in range(10):
        later(card)
        run()

    assert len(telegram.calls("editMessageText")) == 5
    card.refresh_from_db()
    assert card.closed_at is not None


def test_a_card_that_was_deleted_in_the_chat_is_left_alone(telegram: SimulatedTelegram) -> None:
    response = ResponseFactory()
    run()
    del telegram.state.chats[REVIEW_CHAT].messages[ApprovalCard.objects.get().message_id]
    review.reject(response_id=response.pk, actor=ANNA)

    assert run() == 1
    assert ApprovalCard.objects.get().closed_at is not None
    assert run() == 0


def test_an_address_that_telegram_refuses_is_written_out(
    telegram: SimulatedTelegram, settings: Settings
) -> None:
    settings.HUB_PUBLIC_URL = "http://127.0.0.1:8300"
    telegram.refuse_button_links()
    for _ in range(2):
        ResponseFactory()

    assert run() == 2

    [first, _second] = telegram.messages(REVIEW_CHAT)
    assert "http://127.0.0.1:8300/admin/sandbox/pendingresponse/" in first["text"]
    assert len(telegram.buttons(REVIEW_CHAT, first["message_id"])) == 2
    assert len(telegram.calls("sendMessage")) == 3  # asked once, then known


def test_a_bot_that_is_not_in_the_review_chat_gives_nothing_up(telegram: SimulatedTelegram) -> None:
    ResponseFactory()
    telegram.kicks_bot(REVIEW_CHAT)
    for _ in range(7):
        assert run() == 0
    telegram.state.chats[REVIEW_CHAT].refusal = ""

    assert run() == 1


def test_a_review_group_that_became_a_supergroup_is_followed(
    telegram: SimulatedTelegram, settings: Settings
) -> None:
    settings.TELEGRAM_REVIEW_CHAT_ID = -55
    telegram.add_chat(-55, "Проверка")
    telegram.upgrades_group(-55, REVIEW_CHAT)
    ResponseFactory()

    assert run() == 0
    assert run() == 1
    assert "Да, роза есть" in cards(telegram)[-1]


def test_a_card_that_stayed_behind_in_the_old_group_is_shown_anew(
    telegram: SimulatedTelegram, settings: Settings
) -> None:
    settings.TELEGRAM_REVIEW_CHAT_ID = -55
    telegram.add_chat(-55, "Проверка")
    for text in ("Первый", "Второй"):
        ResponseFactory(response_text=text)
    assert run() == 2
    telegram.upgrades_group(-55, REVIEW_CHAT)
    telegram.script("editMessageText", [answers.migrated(REVIEW_CHAT)] * 10)
    for response in PendingResponse.objects.all():
        review.edit(response_id=response.pk, actor=ANNA, text=f"{response.response_text}, новый")

    for _ in range(4):
        run()

    first, second = cards(telegram)
    assert ("Первый, новый" in first, "Второй, новый" in second) == (True, True)


def test_cards_in_a_chat_that_is_no_longer_the_review_chat_hold_back_nothing(
    telegram: SimulatedTelegram, settings: Settings
) -> None:
    settings.TELEGRAM_REVIEW_CHAT_ID = -55
    telegram.add_chat(-55, "Прежняя")
    old = ResponseFactory(response_text="Первый")
    assert run() == 1
    telegram.kicks_bot(-55)
    settings.TELEGRAM_REVIEW_CHAT_ID = REVIEW_CHAT
    review.edit(response_id=old.pk, actor=ANNA, text="Первый, новый")
    ResponseFactory(response_text="Второй")

    for _ in range(3):
        run()

    assert ["Первый, новый" in text or "Второй" in text for text in cards(telegram)] == [True, True]


def test_only_one_card_is_shown_at_a_time(telegram: SimulatedTelegram) -> None:
    for _ in range(2):
        ResponseFactory()

    first = claim_next(REVIEW_CHAT)

    assert first is not None
    assert claim_next(REVIEW_CHAT) is None
    assert run() == 0
    ApprovalCard.objects.update(claimed_until=timezone.now())  # whoever claimed it died
    assert run() == 2
