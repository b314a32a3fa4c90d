"""Two processes reading stored updates at once, as the collector and its sweep do after a backlog."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence

import pytest
from django.db import DatabaseError, connection

from bots import updates
from bots.models import RawUpdate, TelegramBot
from bots.parsing import ParsedUpdate
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates
from messaging.incoming import IncomingMessage
from messaging.models import Chat, Message
from tests.bots.realistic import CLIENT, PRIVATE, deleted
from tests.bots.test_parsing import update
from tests.marks import committed

pytestmark = committed

BOT_ID = 77


def backlog(count: int) -> list[dict[str, object]]:
    """Messages of four people in four chats, whose names change now and then."""
    chance = random.Random(1)  # noqa: S311  (the same backlog each time)
    batch = []
    for number in range(1, count + 1):
        name = f"Название {chance.randrange(50) if chance.random() < 0.05 else 0}"
        chat = {"id": -1001 - chance.randrange(4), "type": "supergroup", "title": name}
        person = {"id": 500 + chance.randrange(4), "first_name": "Тест"}
        message = {"message_id": number, "date": 1_780_000_000 + number, "chat": chat, "from": person}
        batch.append({"update_id": number, "message": {**message, "text": f"Сообщение {number}"}})
    return batch


def test_no_message_is_marked_unreadable_because_somebody_else_was_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(updates, "PARSE_BATCH", 10)
    TelegramBot.objects.create(id=BOT_ID)
    store_updates(bot_id=BOT_ID, raw=backlog(200))
    errors: list[BaseException] = []

    def read() -> None:
        try:
            while parse_waiting_updates():
                pass
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert errors == []
    assert Counter(RawUpdate.objects.values_list("parse_state", flat=True)) == {"parsed": 200}
    assert Message.objects.count() == 200
    for chat in Chat.objects.all():
        assert chat.waiting_since == chat.messages.order_by("timestamp").first().timestamp


def test_an_error_that_passes_leaves_everything_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    TelegramBot.objects.create(id=BOT_ID)
    store_updates(bot_id=BOT_ID, raw=[update(text="Роза есть?")])

    def lose_the_connection(_batch: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(updates, "store_messages", lose_the_connection)
        with pytest.raises(DatabaseError):
            parse_waiting_updates()
    connection.close()

    assert RawUpdate.objects.get().parse_state == "pending"
    parse_waiting_updates()
    assert RawUpdate.objects.get().parse_state == "parsed"


def test_a_value_that_the_driver_refuses_fails_its_update_and_blocks_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    TelegramBot.objects.create(id=BOT_ID)
    store_updates(bot_id=BOT_ID, raw=backlog(3))
    store = updates.store_messages

    def store_with_a_fault(batch: Sequence[IncomingMessage]) -> list[Message]:
        if any(message.telegram_message_id == 2 for message in batch):
            Chat.objects.filter(name="\x00").exists()
        return store(batch)

    monkeypatch.setattr(updates, "store_messages", store_with_a_fault)
    parse_waiting_updates()

    states = RawUpdate.objects.order_by("pk").values_list("parse_state", flat=True)
    assert list(states) == ["parsed", "failed", "parsed"]


def test_a_deletion_that_is_read_beside_its_message_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    TelegramBot.objects.create(id=BOT_ID)
    message = {"message_id": 5, "date": 1_780_000_000, "chat": PRIVATE, "from": CLIENT, "text": "Роза есть?"}
    question = {"update_id": 1, "business_message": {**message, "business_connection_id": "bc1"}}
    store_updates(bot_id=BOT_ID, raw=[question])
    apply_deletions, is_stored, may_commit = updates.apply_deletions, threading.Event(), threading.Event()

    def wait_before_the_commit(parsed: Sequence[ParsedUpdate], stored: Sequence[Message]) -> None:
        apply_deletions(parsed, stored)
        if stored:
            is_stored.set()
            assert may_commit.wait(30)

    def read() -> None:
        parse_waiting_updates()
        connection.close()

    monkeypatch.setattr(updates, "apply_deletions", wait_before_the_commit)
    readers = [threading.Thread(target=read) for _ in range(2)]
    readers[0].start()
    assert is_stored.wait(30)
    store_updates(bot_id=BOT_ID, raw=[deleted(2, 5)])
    readers[1].start()
    while readers[1].is_alive() and not somebody_waits_for_a_lock():
        time.sleep(0.01)
    may_commit.set()
    for reader in readers:
        reader.join()

    assert Message.objects.get().deleted_at == RawUpdate.objects.get(update_id=2).received_at
    assert Chat.objects.get().waiting_since is None


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])
