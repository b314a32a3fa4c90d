from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.parsing import UnreadableUpdateError, parse_update, update_kind
from messaging.incoming import IncomingMessage

BOT_ID = 77
CHAT = {"id": -1001, "type": "supergroup", "title": "Магазин"}
PERSON = {"id": 501, "is_bot": False, "first_name": "Тест", "username": "test_person"}


def update(**message: Any) -> dict[str, Any]:
    base = {"message_id": 5, "date": 1_780_000_000, "chat": CHAT, "from": PERSON}
    return {"update_id": 10, "message": {**base, **message}}


def parsed(**message: Any) -> IncomingMessage:
    result = parse_update(update(**message), arrival=BOT_ID).message
    assert result is not None
    return result


def test_a_text_message() -> None:
    message = parsed(text="Роза есть?", reply_to_message={"message_id": 4}, message_thread_id=3)

    assert (message.chat.id, message.chat.name) == (-1001, "Магазин")
    assert (message.telegram_message_id, message.text, message.message_type) == (5, "Роза есть?", "text")
    assert message.timestamp == datetime.fromtimestamp(1_780_000_000, UTC)
    assert (message.reply_to_message_id, message.message_thread_id) == (4, 3)
    assert message.sender is not None
    assert (message.sender.id, message.sender.first_name) == (501, "Тест")


@pytest.mark.parametrize(
    ("content", "message_type", "text"),
    [
        ({"photo": [{"file_id": "small"}, {"file_id": "large"}], "caption": "Вот"}, "photo", "Вот"),
        ({"animation": {"file_id": "a"}, "document": {"file_id": "a"}}, "animation", ""),
        ({"video": {"file_id": "a"}}, "video", ""),
        ({"video_note": {"file_id": "a"}}, "video_note", ""),
        ({"voice": {"file_id": "a", "duration": 3}}, "voice", ""),
        ({"audio": {"file_id": "a"}}, "audio", ""),
        ({"document": {"file_id": "a", "file_name": "счёт.pdf"}, "caption": "счёт"}, "document", "счёт"),
        ({"sticker": {"file_id": "a", "emoji": "🌷"}}, "sticker", ""),
        ({"venue": {"title": "Склад"}, "location": {"latitude": 55.7}}, "venue", "Склад"),
        ({"location": {"latitude": 55.7, "longitude": 37.6}}, "location", ""),
        ({"contact": {"phone_number": "+70000000000"}}, "contact", "+70000000000"),
        ({"poll": {"question": "Когда?"}}, "poll", "Когда?"),
        ({"dice": {"value": 3}}, "dice", ""),
        ({"new_chat_members": [PERSON]}, "service", ""),
        ({"new_chat_title": "Новое"}, "service", ""),
        ({"rich_message": {"blocks": []}}, "text", ""),
        ({"hologram": {"layers": []}}, "unknown", ""),
    ],
)
def test_every_kind_of_message_keeps_its_type(content: dict[str, Any], message_type: str, text: str) -> None:
    message = parsed(**content)

    assert (message.message_type, message.text) == (message_type, text)


def test_of_a_photo_the_largest_size_is_kept() -> None:
    assert parsed(photo=[{"file_id": "small"}, {"file_id": "large"}]).media == {"file_id": "large"}


def test_an_edit_is_a_later_state_of_the_same_message() -> None:
    raw = update(text="15 пачек", edit_date=1_780_000_060)
    raw["edited_message"] = raw.pop("message")

    message = parse_update(raw, arrival=BOT_ID).message

    assert message is not None
    assert message.key == parsed(text="5 пачек").key
    assert message.edited_at == datetime.fromtimestamp(1_780_000_060, UTC)


def test_a_message_id_of_zero_is_no_key() -> None:
    message = parsed(message_id=0, text="?")

    assert (message.telegram_message_id, message.origin) == (None, "update:77")


def test_a_channel_post_has_no_person() -> None:
    raw = {"update_id": 1, "channel_post": {**update(text="Пост")["message"], "sender_chat": CHAT}}

    message = parse_update(raw, arrival=BOT_ID).message

    assert message is not None
    assert (message.sender, message.sender_chat_id) == (None, -1001)


def test_a_business_connection_is_part_of_the_key() -> None:
    raw = update(text="а", business_connection_id="bc")
    raw["business_message"] = raw.pop("message")

    message = parse_update(raw, arrival=BOT_ID).message

    assert message is not None
    assert message.key == (-1001, "bc", 0, 5)


def test_a_forward_with_a_hidden_author_keeps_the_name() -> None:
    assert parsed(text="а", forward_origin={"type": "hidden_user"}).forwarded_from == ""
    named = {"type": "hidden_user", "sender_user_name": "Некто"}
    assert parsed(text="а", forward_origin=named).forwarded_from == "Некто"


def test_characters_that_postgresql_cannot_hold_are_replaced_with_a_note() -> None:
    result = parse_update(update(text="а\x00б\ud83dв 🌷"), arrival=BOT_ID)

    assert result.message is not None
    assert result.message.text == "а\ufffdб\ufffdв 🌷"
    assert result.notes == ["characters that cannot be stored were replaced"]


def test_the_bots_removal_closes_the_chat() -> None:
    raw = {
        "update_id": 1,
        "my_chat_member": {"chat": CHAT, "date": 5, "new_chat_member": {"status": "kicked"}},
    }

    membership = parse_update(raw, arrival=BOT_ID).membership

    assert membership is not None
    assert (membership.chat.id, membership.is_member) == (-1001, False)


def test_a_kind_that_the_hub_does_not_store_means_nothing() -> None:
    result = parse_update({"update_id": 1, "poll_answer": {"poll_id": "1"}}, arrival=BOT_ID)

    assert (result.message, result.membership) == (None, None)


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("not an object", "update"),
        ({"update_id": 1, "message": 5}, "message"),
        (update(message_id="5"), "message_id"),
        (update(message_id=True), "message_id"),
        (update(date="yesterday"), "date"),
        (update(date=10**30), "date"),
        (update(chat=None), "chat"),
        (update(chat={"id": 10**20, "type": "group"}), "chat.id"),
        (update(chat={"id": 1, "type": "party"}), "chat.type"),
        ({"update_id": 1, "message": {**update()["message"], "from": {"id": "x"}}}, "from.id"),
    ],
)
def test_what_cannot_be_read_is_named(broken: object, named: str) -> None:
    with pytest.raises(UnreadableUpdateError, match=named):
        parse_update(broken, arrival=BOT_ID)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELDS = """message_id date chat from text caption photo voice forward_origin sender_chat reply_to_message
    edit_date migrate_to_chat_id media_group_id new_chat_members venue"""
fields = st.sampled_from(FIELDS.split())


@given(st.dictionaries(fields, json_values, max_size=4), st.sampled_from(["message", "edited_message"]))
def test_any_mutation_is_read_or_refused_never_a_crash(mutation: dict[str, Any], kind: str) -> None:
    raw = {"update_id": 1, kind: {**update(text="а")["message"], **mutation}}

    try:
        result = parse_update(raw, arrival=BOT_ID)
    except UnreadableUpdateError:
        return
    assert result.message is not None
    assert result.message.text == result.message.text.encode().decode()


@given(json_values)
def test_any_json_has_a_kind_that_can_be_stored(value: object) -> None:
    kind = update_kind(value)

    assert 0 < len(kind) <= 64 or kind == ""
    assert "\x00" not in kind
    kind.encode()


def pressed(**query: Any) -> dict[str, Any]:
    return {"update_id": 10, "callback_query": {"id": "77", "from": PERSON, "data": "approve:1:1", **query}}


def test_a_press_of_a_button() -> None:
    press = parse_update(pressed(), arrival=BOT_ID).press
    assert press is not None
    assert (press.query_id, press.person.id, press.person.first_name) == ("77", 501, "Тест")
    assert press.data == "approve:1:1"


@pytest.mark.parametrize("data", [None, 5, "я" * 300, "\x00\ud83d"])
def test_a_press_with_whatever_data_can_be_read(data: object) -> None:
    press = parse_update(pressed(data=data), arrival=BOT_ID).press
    assert press is not None
    assert len(press.data) <= 256


@pytest.mark.parametrize("broken", [{"id": 5}, {"id": ""}, {"id": "7" * 65}, {"from": None}, {"from": {}}])
def test_a_press_that_nobody_could_answer_is_unreadable(broken: dict[str, Any]) -> None:
    with pytest.raises(UnreadableUpdateError):
        parse_update(pressed(**broken), arrival=BOT_ID)
