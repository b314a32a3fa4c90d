import json
from typing import Any

import pytest

from bots import updates
from bots.models import RawUpdate, TelegramBot
from bots.parsing import ParsedUpdate
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates, replay_updates
from messaging.models import Chat, Message
from tests.bots.test_parsing import update

pytestmark = pytest.mark.django_db

BOT_ID = 77


@pytest.fixture(autouse=True)
def bot() -> TelegramBot:
    return TelegramBot.objects.create(id=BOT_ID)


def numbered(update_id: int, **message: Any) -> dict[str, Any]:
    return {
        **update(**{"message_id": update_id, "text": f"Сообщение {update_id}", **message}),
        "update_id": update_id,
    }


def states() -> dict[int | None, str]:
    return dict(RawUpdate.objects.values_list("update_id", "parse_state"))


def test_a_batch_is_kept_word_for_word_and_moves_the_offset(bot: TelegramBot) -> None:
    raw = numbered(10, text="а\x00б\ud83d")

    assert store_updates(bot_id=BOT_ID, raw=[raw, numbered(12)]) == 13

    assert RawUpdate.objects.get(update_id=10).decoded() == raw
    bot.refresh_from_db()
    assert bot.next_offset == 13


def test_a_batch_that_comes_twice_is_stored_once() -> None:
    for _ in range(2):
        store_updates(bot_id=BOT_ID, raw=[numbered(10), numbered(11)])
        parse_waiting_updates()

    assert states() == {10: "parsed", 11: "parsed"}
    assert Message.objects.count() == 2


def test_ids_that_begin_again_lower_are_followed(bot: TelegramBot) -> None:
    store_updates(bot_id=BOT_ID, raw=[numbered(900)])
    store_updates(bot_id=BOT_ID, raw=[numbered(5)])

    bot.refresh_from_db()
    assert bot.next_offset == 6


def test_a_poisonous_update_does_not_hold_back_its_neighbours() -> None:
    poison = {"update_id": 11, "message": {"message_id": "?"}}

    store_updates(bot_id=BOT_ID, raw=[numbered(10), poison, numbered(12)])
    parse_waiting_updates()

    assert states() == {10: "parsed", 11: "failed", 12: "parsed"}
    assert "message_id" in RawUpdate.objects.get(update_id=11).error
    assert Message.objects.count() == 2


def test_rows_that_the_database_refuses_fail_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # A type too long for its column stands for whatever PostgreSQL may refuse.
    monkeypatch.setattr("bots.parsing.CHAT_TYPES", {"supergroup", "a type of more than sixteen letters"})
    bad_chat = {"id": -5, "type": "a type of more than sixteen letters", "title": "x"}

    store_updates(bot_id=BOT_ID, raw=[numbered(10), numbered(11, chat=bad_chat), numbered(12)])
    parse_waiting_updates()

    assert states() == {10: "parsed", 11: "failed", 12: "parsed"}
    assert "DataError" in RawUpdate.objects.get(update_id=11).error


@pytest.mark.parametrize("nameless", ["text", 5, None, [], {}, {"update_id": "x"}, {"update_id": 2**70}])
def test_an_update_without_a_usable_id_is_kept_once(nameless: object) -> None:
    for _ in range(2):
        assert store_updates(bot_id=BOT_ID, raw=[nameless]) is None

    row = RawUpdate.objects.get()
    assert row.update_id is None
    assert json.loads(row.payload) == nameless


def test_an_update_that_means_nothing_is_kept_as_ignored() -> None:
    store_updates(bot_id=BOT_ID, raw=[{"update_id": 10, "poll_answer": {}}])
    parse_waiting_updates()

    assert states() == {10: "ignored"}


def test_a_replay_repairs_what_failed_and_doubles_nothing() -> None:
    store_updates(bot_id=BOT_ID, raw=[numbered(10), {"update_id": 11, "message": {"message_id": "?"}}])
    parse_waiting_updates()
    RawUpdate.objects.filter(update_id=11).update(payload=json.dumps(numbered(11)))

    assert replay_updates(RawUpdate.objects.all()) == 0

    assert states() == {10: "parsed", 11: "parsed"}
    assert Message.objects.count() == 2


def test_an_old_removal_that_is_read_again_does_not_close_the_chat() -> None:
    chat = {"id": -9, "type": "group", "title": "Группа"}
    for update_id, status in [(1, "kicked"), (2, "member")]:
        change = {"chat": chat, "date": update_id, "new_chat_member": {"status": status}}
        store_updates(bot_id=BOT_ID, raw=[{"update_id": update_id, "my_chat_member": change}])
    parse_waiting_updates()

    replay_updates(RawUpdate.objects.filter(update_id=1))

    assert Chat.objects.get(pk=-9).is_active


def test_a_number_that_telegram_uses_again_loses_nothing() -> None:
    store_updates(bot_id=BOT_ID, raw=[numbered(900)])
    again = {**numbered(900), "message": {**numbered(950)["message"], "text": "через две недели"}}
    for _ in range(2):
        store_updates(bot_id=BOT_ID, raw=[again])
    parse_waiting_updates()

    assert Message.objects.filter(text="через две недели").count() == 1
    kept = RawUpdate.objects.get(update_id__isnull=True)
    assert (kept.parse_state, kept.note) == ("parsed", "the number 900 was used before")


def test_a_fault_of_the_parser_fails_one_update_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = updates.parse_update

    def faulty(payload: object, *, arrival: int, bot_id: int) -> ParsedUpdate:
        if payload == numbered(11):
            raise RuntimeError("a bug")
        return real(payload, arrival=arrival, bot_id=bot_id)

    monkeypatch.setattr(updates, "parse_update", faulty)
    store_updates(bot_id=BOT_ID, raw=[numbered(10), numbered(11), numbered(12)])
    parse_waiting_updates()

    assert states() == {10: "parsed", 11: "failed", 12: "parsed"}


def test_two_messages_without_any_number_are_both_kept() -> None:
    for text in ("первое", "второе"):
        nameless = {"message": {**numbered(1)["message"], "message_id": 0, "text": text}}
        store_updates(bot_id=BOT_ID, raw=[nameless])
    parse_waiting_updates()

    assert sorted(Message.objects.values_list("text", flat=True)) == ["второе", "первое"]


def test_patterns_speak_in_the_same_transaction() -> None:
    store_updates(bot_id=BOT_ID, raw=[numbered(10, text="беру 50 красных роз на завтра")])
    parse_waiting_updates()

    assert Message.objects.get().analysis.intent == "order"


def test_the_bots_removal_and_return_open_and_close_the_chat() -> None:
    chat = {"id": -9, "type": "group", "title": "Группа"}
    for update_id, status, is_active in [
        (1, "member", True),
        (2, "kicked", False),
        (3, "administrator", True),
    ]:
        change = {"chat": chat, "date": update_id, "new_chat_member": {"status": status}}
        store_updates(bot_id=BOT_ID, raw=[{"update_id": update_id, "my_chat_member": change}])
        parse_waiting_updates()
        assert Chat.objects.get(pk=-9).is_active is is_active
