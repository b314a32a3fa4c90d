"""Presses of a card's buttons: who may decide, on what, and how often. Real commits, real aiogram."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from bots import card_desk, presses
from bots.models import ApprovalCard, ButtonPress, RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.simulator import Person, SimulatedTelegram, answers
from bots.updates import parse_waiting_updates, replay_updates
from clients.models import TelegramUser
from cvgorod_hub.api.models import ApiKey
from messaging.models import Chat
from sandbox import review
from sandbox.actors import Actor
from sandbox.models import PendingResponse, SandboxSettings
from tests.factories import MessageFactory, PersonFactory, ResponseFactory
from tests.marks import committed

pytestmark = committed

REVIEW_CHAT = -1_009_000_000_001
BOT_ID = 77
ANNA = Person(id=501, first_name="Анна", username="anna")
NOBODY = Person(id=502, first_name="Кто-то", username="anna_two")


@pytest.fixture(autouse=True)
def desk(telegram: SimulatedTelegram, settings: Settings) -> Iterator[None]:
    settings.TELEGRAM_REVIEW_CHAT_ID = REVIEW_CHAT
    settings.HUB_PUBLIC_URL = "https://hub.example.com"
    telegram.add_chat(REVIEW_CHAT, "Проверка")
    TelegramBot.objects.create(id=BOT_ID)
    yield
    connection.close()


@pytest.fixture
def account() -> User:
    """Anna's, linked to her Telegram id, with the permission to decide."""
    user = User.objects.create_user("anna", first_name="Анна", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="review_pendingresponse"))
    PersonFactory(id=ANNA.id, staff_account=user)
    return user


def show() -> ApprovalCard:
    """The card of the only reply, brought up to date."""
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        client.flushdb()
        client.set("hub:pace:warm", 1)
    card_desk.show_due(seconds=10)
    return ApprovalCard.objects.get()


def press(telegram: SimulatedTelegram, label: str, *, by: Person = ANNA) -> dict[str, Any]:
    update = telegram.presses(REVIEW_CHAT, show().message_id, label, user=by)
    return receive(update)


def receive(*updates: dict[str, Any]) -> dict[str, Any]:
    store_updates(bot_id=BOT_ID, raw=updates)
    while parse_waiting_updates():
        pass
    presses.settle_waiting()
    return updates[-1]


def answer(telegram: SimulatedTelegram) -> str:
    return str(telegram.answered_queries[-1]["text"])


def status(response: PendingResponse) -> str:
    return PendingResponse.objects.get(pk=response.pk).status


def test_approve_approves_what_the_card_shows(telegram: SimulatedTelegram, account: User) -> None:
    response = ResponseFactory()

    press(telegram, "✅ Одобрить")

    event = response.events.get()
    assert (status(response), event.kind, event.actor_user) == ("approved", "approved", account)
    [answered] = telegram.answered_queries
    assert (answered["text"], answered["show_alert"]) == ("Одобрено; ответ отправляется.", False)
    assert RawUpdate.objects.get().parse_state == "parsed"


def test_a_reply_for_later_is_not_said_to_be_on_its_way(telegram: SimulatedTelegram, account: User) -> None:
    ResponseFactory(scheduled_at=timezone.localtime().replace(year=2090, month=5, day=1))
    card = show()

    press(telegram, "✅ Одобрить")

    assert "не раньше 01.05.2090" in telegram.message(REVIEW_CHAT, card.message_id)["text"]
    assert "Уйдёт не раньше 01.05.2090" in answer(telegram)


def test_reject_rejects_with_a_note(telegram: SimulatedTelegram, account: User) -> None:
    response = ResponseFactory()

    press(telegram, "❌ Отклонить")

    response.refresh_from_db()
    assert (response.status, response.rejected_reason) == (
        "rejected",
        "Отклонено в Telegram, без причины.",
    )


class TestWhoMayDecide:
    def refused(self, telegram: SimulatedTelegram, by: Person = ANNA) -> str:
        response = ResponseFactory()
        press(telegram, "✅ Одобрить", by=by)
        assert (status(response), response.events.count()) == ("pending", 0)
        assert telegram.answered_queries[-1]["show_alert"] is True
        return answer(telegram)

    def test_a_stranger_learns_how_and_becomes_known(self, telegram: SimulatedTelegram) -> None:
        assert "Люди → Кто-то" in self.refused(telegram, by=NOBODY)
        assert TelegramUser.objects.get(pk=NOBODY.id).first_name == "Кто-то"

    def test_a_name_that_looks_like_an_account_is_not_enough(
        self, telegram: SimulatedTelegram, account: User
    ) -> None:
        self.refused(telegram, by=Person(id=503, first_name="Анна", username="anna"))

    def test_an_account_that_is_switched_off_may_not(
        self, telegram: SimulatedTelegram, account: User
    ) -> None:
        User.objects.update(is_active=False)
        self.refused(telegram)

    def test_an_account_without_the_admin_may_not(self, telegram: SimulatedTelegram, account: User) -> None:
        User.objects.update(is_staff=False)
        self.refused(telegram)

    def test_an_account_without_the_permission_may_not(
        self, telegram: SimulatedTelegram, account: User
    ) -> None:
        account.user_permissions.clear()
        assert self.refused(telegram) == "Вашей учётной записи нельзя одобрять и отклонять ответы."

    def test_whoever_owns_the_key_may_not_where_four_eyes_are_wanted(
        self, telegram: SimulatedTelegram, account: User
    ) -> None:
        key = ApiKey.objects.create(name="k", lookup="a" * 12, digest="0" * 64, scopes=[], created_by=account)
        rules = SandboxSettings.get_solo()
        rules.four_eyes = True
        rules.save()
        response = ResponseFactory(requested_by_key=key)

        press(telegram, "✅ Одобрить")

        assert status(response) == "pending"
        assert "ключ" in answer(telegram)


def test_a_press_on_an_older_version_does_nothing(telegram: SimulatedTelegram, account: User) -> None:
    response = ResponseFactory()
    show()
    review.edit(response_id=response.pk, actor=Actor(name="Борис"), text="Другой текст")
    update = telegram.presses(REVIEW_CHAT, ApprovalCard.objects.get().message_id, "✅ Одобрить", user=ANNA)

    receive(update)

    assert status(response) == "pending"
    assert "Борис" in answer(telegram)


@pytest.mark.parametrize("label", ["✅ Одобрить", "❌ Отклонить"])
def test_a_press_on_a_decided_reply_says_who_was_first(
    telegram: SimulatedTelegram, account: User, label: str
) -> None:
    response = ResponseFactory()
    card = show()
    review.reject(response_id=response.pk, actor=Actor(name="Борис"))
    receive(telegram.presses(REVIEW_CHAT, card.message_id, label, user=ANNA))

    assert "Борис" in answer(telegram)
    assert response.events.count() == 1


def test_a_press_on_a_reply_that_was_sent_says_so_and_asks_nothing(
    telegram: SimulatedTelegram, account: User
) -> None:
    response = ResponseFactory(chat=MessageFactory().chat)
    card = show()
    MessageFactory(chat=response.chat, source="sent", text=response.response_text)
    PendingResponse.objects.update(status="sent")
    receive(telegram.presses(REVIEW_CHAT, card.message_id, "✅ Одобрить", user=ANNA))

    assert answer(telegram).startswith("Ничего не сделано: ")
    assert not ApprovalCard.objects.get().wants_to_ask


def test_a_press_on_an_overdue_reply_does_nothing(telegram: SimulatedTelegram, account: User) -> None:
    response = ResponseFactory()
    card = show()
    PendingResponse.objects.update(expires_at=timezone.now())
    receive(telegram.presses(REVIEW_CHAT, card.message_id, "✅ Одобрить", user=ANNA))

    assert status(response) == "pending"


def test_a_stale_reply_is_approved_by_a_second_yes_to_the_words_on_the_card(
    telegram: SimulatedTelegram, account: User
) -> None:
    question = MessageFactory(text="Роза есть?")
    response = ResponseFactory(chat=question.chat)
    show()
    MessageFactory(chat=question.chat, text="А пион?")

    press(telegram, "✅ Одобрить")
    assert (status(response), telegram.answered_queries[-1]["show_alert"]) == ("pending", True)
    card = show()
    assert "А пион?" in telegram.message(REVIEW_CHAT, card.message_id)["text"]
    first_question = telegram.buttons(REVIEW_CHAT, card.message_id)["Всё равно отправить"]["callback_data"]

    # The conversation goes on again: this yes no longer holds, and the card asks anew.
    MessageFactory(chat=question.chat, text="И ещё вот что")
    press(telegram, "Всё равно отправить")
    assert status(response) == "pending"
    card = show()
    assert "И ещё вот что" in telegram.message(REVIEW_CHAT, card.message_id)["text"]

    # A late press of the first question's button does not answer the second one.
    receive(telegram.presses_button(REVIEW_CHAT, card.message_id, first_question, user=ANNA))
    assert status(response) == "pending"

    press(telegram, "Всё равно отправить")
    assert (status(response), response.events.get().detail) == ("approved", "stale, confirmed")


@pytest.mark.parametrize("data", ["", "like:5", "approve:999999:1", "approve:x:1", "🌷" * 16, None])
def test_a_foreign_button_is_answered_and_ignored(
    telegram: SimulatedTelegram, account: User, data: str | None
) -> None:
    response = ResponseFactory()
    update = telegram.presses_button(REVIEW_CHAT, show().message_id, data or "", user=ANNA)
    if data is None:
        del update["callback_query"]["data"]

    receive(update)

    assert len(telegram.answered_queries) == 1
    assert (status(response), RawUpdate.objects.get().parse_state) == ("pending", "parsed")


def test_a_press_whose_message_telegram_no_longer_has_decides(
    telegram: SimulatedTelegram, account: User
) -> None:
    response = ResponseFactory()
    update = telegram.presses(REVIEW_CHAT, show().message_id, "✅ Одобрить", user=ANNA)
    update["callback_query"]["message"] = {"chat": {"id": REVIEW_CHAT}, "message_id": 5, "date": 0}

    receive(update)

    assert status(response) == "approved"


def test_the_same_press_again_decides_once(telegram: SimulatedTelegram, account: User) -> None:
    response = ResponseFactory()
    update = press(telegram, "❌ Отклонить")
    PendingResponse.objects.update(status="pending")  # as if it could be decided anew

    receive(update, {**update, "update_id": update["update_id"] + 1})
    replay_updates(RawUpdate.objects.all())
    presses.settle_waiting()

    assert (status(response), response.events.count()) == ("pending", 1)
    assert ButtonPress.objects.count() == 1
    assert len(telegram.calls("answerCallbackQuery")) == 1


def test_of_two_presses_at_once_one_decides(telegram: SimulatedTelegram, account: User) -> None:
    response = ResponseFactory()
    card = show()
    updates = [
        telegram.presses(REVIEW_CHAT, card.message_id, label, user=ANNA)
        for label in ("✅ Одобрить", "❌ Отклонить", "✅ Одобрить", "❌ Отклонить")
    ]
    store_updates(bot_id=BOT_ID, raw=updates)
    parse_waiting_updates()
    barrier = threading.Barrier(4)

    def settle() -> None:
        barrier.wait()
        try:
            presses.settle_waiting()
        finally:
            connection.close()

    threads = [threading.Thread(target=settle) for _ in updates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert response.events.count() == 1
    assert len(telegram.answered_queries) == 4
    assert ButtonPress.objects.filter(answer__startswith="Ничего не сделано").count() == 3


def test_a_process_that_dies_before_the_answer_leaves_it_to_the_sweep(
    telegram: SimulatedTelegram, account: User
) -> None:
    response = ResponseFactory()
    update = telegram.presses(REVIEW_CHAT, show().message_id, "✅ Одобрить", user=ANNA)
    store_updates(bot_id=BOT_ID, raw=[update])
    parse_waiting_updates()
    presses.decide_next()  # and no more

    presses.settle_waiting()
    assert telegram.answered_queries == []
    ButtonPress.objects.update(answer_due_at=timezone.now())
    presses.settle_waiting()

    assert (status(response), len(telegram.answered_queries)) == ("approved", 1)


def test_an_answer_that_comes_too_late_is_no_error(telegram: SimulatedTelegram, account: User) -> None:
    response = ResponseFactory()
    update = telegram.presses(REVIEW_CHAT, show().message_id, "✅ Одобрить", user=ANNA)
    telegram.state.open_queries.clear()

    receive(update)

    assert (status(response), ButtonPress.objects.get().answer_due_at) == ("approved", None)


def test_an_answer_is_tried_again_but_not_for_ever(telegram: SimulatedTelegram, account: User) -> None:
    ResponseFactory()
    telegram.script("answerCallbackQuery", [answers.bad_gateway()] * 10)
    press(telegram, "✅ Одобрить")
    for _ in range(10):
        ButtonPress.objects.filter(answer_due_at__isnull=False).update(answer_due_at=timezone.now())
        presses.settle_waiting()

    assert len(telegram.calls("answerCallbackQuery")) == 5


def test_a_fault_in_a_decision_is_answered_and_does_not_block_the_next(
    telegram: SimulatedTelegram, account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = ResponseFactory()
    real = review.approve

    def faulty(**arguments: Any) -> PendingResponse:
        real(**arguments)
        raise RuntimeError("a bug after the decision")

    monkeypatch.setattr(review, "approve", faulty)
    press(telegram, "✅ Одобрить")
    assert (status(response), response.events.count()) == ("pending", 0)
    monkeypatch.undo()

    press(telegram, "✅ Одобрить")
    assert status(response) == "approved"


def test_staff_who_talk_in_the_review_chat_do_not_wait_for_an_answer(telegram: SimulatedTelegram) -> None:
    receive(
        telegram.client_writes(REVIEW_CHAT, "Кто возьмёт вокзал?", user=ANNA),
        telegram.client_writes(-1001, "Роза есть?"),
    )

    assert Chat.objects.get(pk=REVIEW_CHAT).waiting_since is None
    assert Chat.objects.get(pk=-1001).waiting_since is not None
