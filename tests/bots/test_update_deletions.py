"""Deletions in business chats: nothing is lost, and it does not matter which is read first."""

from itertools import permutations

import pytest

from bots.models import RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates, replay_updates
from messaging.models import Chat, Message, MessageDeletion
from tests.bots.realistic import CLIENT, DATE, JSON, PRIVATE, deleted, message, update
from tests.factories import ManagerFactory

pytestmark = pytest.mark.django_db

BOT_ID = 77


@pytest.fixture(autouse=True)
def bot() -> TelegramBot:
    return TelegramBot.objects.create(id=BOT_ID)


def take(*updates: JSON) -> None:
    store_updates(bot_id=BOT_ID, raw=updates)
    parse_waiting_updates()


def said(update_id: int, number: int, text: str, *, connection: str = "bc1", **fields: object) -> JSON:
    content = message(message_id=number, chat=PRIVATE, text=text, business_connection_id=connection, **fields)
    return update(update_id, "business_message", content)


def waiting_since() -> object:
    return Chat.objects.values_list("waiting_since", flat=True).get(pk=PRIVATE["id"])


def test_a_deleted_message_keeps_its_words_and_says_since_when() -> None:
    take(said(1, 5, "Роза есть?"), said(2, 6, "И пионы?"))
    take(deleted(3, 5))

    gone, left = Message.objects.order_by("telegram_message_id")
    assert (gone.text, gone.deleted_at) == ("Роза есть?", RawUpdate.objects.get(update_id=3).received_at)
    assert left.deleted_at is None


def test_only_the_chat_of_that_business_connection_is_meant() -> None:
    take(said(1, 5, "чужое", connection="bc2"))
    take(update(2, "message", message(message_id=5, chat=PRIVATE, text="боту")))
    take(update(3, "business_message", message(message_id=5, business_connection_id="bc1", text="в группе")))

    take(deleted(4, 5))

    assert not Message.objects.filter(deleted_at__isnull=False).exists()


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("at_once", [True, False])
def test_message_edit_and_deletion_end_the_same_in_any_order(order: tuple[int, ...], at_once: bool) -> None:
    edit = said(2, 5, "Розы есть?", edit_date=DATE + 60)
    edit["edited_business_message"] = edit.pop("business_message")
    updates = [said(1, 5, "Роза есть?"), edit, deleted(3, 5, 900)]
    arriving = [updates[place] for place in order]

    for batch in [arriving] if at_once else [[one] for one in arriving]:
        take(*batch)
    replay_updates(RawUpdate.objects.all())

    stored = Message.objects.get()
    assert (stored.text, list(stored.versions.values_list("text", flat=True))) == (
        "Розы есть?",
        ["Роза есть?"],
    )
    assert stored.deleted_at == RawUpdate.objects.get(update_id=3).received_at
    assert MessageDeletion.objects.count() == 2
    assert waiting_since() is None


def test_a_question_that_was_taken_back_waits_no_longer() -> None:
    take(said(1, 5, "Роза есть?"), said(2, 6, "И пионы?", date=DATE + 60))

    take(deleted(3, 5))
    second = waiting_since()
    take(deleted(4, 6))

    assert (getattr(second, "timestamp", float)(), waiting_since()) == (DATE + 60, None)


def test_an_answer_that_was_deleted_has_answered() -> None:
    manager = {"id": ManagerFactory(id=9001).pk, "is_bot": False, "first_name": "Анна"}
    take(said(1, 5, "Роза есть?"), said(2, 6, "Есть", date=DATE + 60, **{"from": manager}))

    take(deleted(3, 6))

    assert waiting_since() is None


def test_a_deletion_is_a_change_that_readers_follow() -> None:
    take(said(1, 5, "Роза есть?"))
    Message.objects.update(changed_xid=0)

    take(deleted(2, 5))

    assert Message.objects.get().changed_xid > 0


def test_a_second_word_of_the_same_deletion_changes_nothing() -> None:
    take(said(1, 5, "Роза есть?"), deleted(2, 5))
    before = Message.objects.get().deleted_at

    take(deleted(3, 5))

    assert Message.objects.get().deleted_at == before


@pytest.mark.parametrize(
    "broken",
    [{"message_ids": None}, {"message_ids": ["5"]}, {"business_connection_id": ""}, {"chat": {}}],
)
def test_a_deletion_that_cannot_be_read_deletes_nothing(broken: JSON) -> None:
    take(update(1, "message", message(message_id=5, chat=PRIVATE, text="боту")))
    gone = deleted(2, 5)
    take(update(2, "deleted_business_messages", {**gone["deleted_business_messages"], **broken}))

    assert RawUpdate.objects.get(update_id=2).parse_state == "failed"
    assert Message.objects.get().deleted_at is None
    assert Message.objects.get().user_id == CLIENT["id"]
