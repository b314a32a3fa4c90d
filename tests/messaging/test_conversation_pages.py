"""A chat read in pages by key: nothing twice, nothing missing, whatever arrives in between."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from messaging.conversation import (
    Conversation,
    read_after,
    read_around,
    read_before,
    read_changed,
    read_conversation,
)
from messaging.models import Chat, Message, MessageVersion
from messaging.telegram_links import telegram_url
from tests.factories import NOW, ChatFactory, MessageFactory

pytestmark = pytest.mark.django_db


def say(chat: Chat, text: str, *, second: int) -> Message:
    message: Message = MessageFactory(chat=chat, text=text, timestamp=NOW + timedelta(seconds=second))
    return message


def texts(conversation: Conversation) -> list[str]:
    return [said.message.text for said in conversation.said]


def back_to_the_beginning(part: Conversation, limit: int, between: Callable[[], object]) -> list[str]:
    found = texts(part)
    while part.has_earlier:
        between()
        chat_id = part.said[0].message.chat_id
        part = read_before(chat_id=chat_id, place=part.first_place, limit=limit)
        found = [*texts(part), *found]
    return found


def on_to_the_end(part: Conversation, limit: int) -> list[str]:
    found = texts(part)
    while part.has_later:
        chat_id = part.said[0].message.chat_id
        part = read_after(chat_id=chat_id, place=part.last_place, limit=limit)
        found += texts(part)
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_back_and_on_show_every_message_once_though_all_are_of_one_second(limit: int) -> None:
    chat = ChatFactory()
    for number in range(7):
        say(chat, f"{number}", second=0)
    say(ChatFactory(), "чужое", second=0)
    newest = read_conversation(chat_id=chat.pk, limit=limit)

    back = back_to_the_beginning(newest, limit, lambda: None)
    first = Message.objects.filter(chat=chat).order_by("pk")[0]
    on = on_to_the_end(read_around(first, limit=limit * 2), limit)

    assert back == on == [f"{number}" for number in range(7)]


def test_what_arrives_while_reading_back_neither_repeats_nor_hides_anything() -> None:
    chat = ChatFactory()
    for number in range(9):
        say(chat, f"{number}", second=number)
    late = iter(range(100, 200))
    newest = read_conversation(chat_id=chat.pk, limit=2)

    found = back_to_the_beginning(newest, 2, lambda: say(chat, "новое", second=next(late)))

    assert found == [f"{number}" for number in range(9)]


@given(
    seconds=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    at=st.integers(0, 11),
)
def test_from_any_message_the_parts_before_and_after_make_the_whole(
    seconds: list[int], limit: int, at: int
) -> None:
    chat = ChatFactory()
    said = [say(chat, f"{number}", second=second) for number, second in enumerate(seconds)]
    opened = said[at % len(said)]
    middle = read_around(opened, limit=limit * 2)

    before = back_to_the_beginning(middle, limit, lambda: None)
    after = on_to_the_end(middle, limit)

    whole = [message.text for message in sorted(said, key=lambda row: (row.timestamp, row.pk))]
    assert before + after[len(texts(middle)) :] == whole
    assert opened.text in texts(middle)


def test_a_part_in_the_midst_knows_when_the_message_after_it_was_said() -> None:
    chat = ChatFactory()
    first, second, third = (say(chat, f"{number}", second=number) for number in range(3))
    last = read_around(third, limit=2)

    assert (last.has_later, last.next_at) == (False, None)
    assert read_before(chat_id=chat.pk, place=last.first_place, limit=2).next_at == second.timestamp
    assert read_around(first, limit=2).next_at == third.timestamp


@pytest.mark.parametrize("place", ["", "x", "МЛ", "e30", "WzEsMiwzXQ", "WzEsIjIwMjYtMDEtMDEiLCAxXQ"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_before(chat_id=1, place=place)
    with pytest.raises(ValueError, match=r"\S"):
        read_after(chat_id=1, place=place)


def test_deleted_and_edited_messages_keep_their_place_in_every_part() -> None:
    chat = ChatFactory()
    say(chat, "было", second=0)
    gone = say(chat, "удалено", second=1)
    edited = say(chat, "исправлено", second=2)
    Message.objects.filter(pk=gone.pk).update(deleted_at=NOW)
    Message.objects.filter(pk=edited.pk).update(edited_at=NOW + timedelta(hours=1))
    MessageVersion.objects.create(message=edited, text="как было", valid_from=NOW)
    newest = read_conversation(chat_id=chat.pk, limit=2)

    assert texts(newest) == ["удалено", "исправлено"]
    assert newest.said[0].message.deleted_at == NOW
    assert [version.text for version in newest.said[1].message.versions.all()] == ["как было"]


def test_what_changed_since_a_transaction_comes_in_the_order_in_which_it_was_said() -> None:
    chat = ChatFactory()
    [later, earlier] = [say(chat, "позже", second=5), say(chat, "раньше", second=1)]
    say(ChatFactory(), "чужое", second=2)
    MessageFactory(chat=chat, text="история", source="import")
    xid = Message.objects.get(pk=later.pk).changed_xid

    changed = read_changed(chat_id=chat.pk, since=xid, until=xid + 1, limit=10)
    cut = read_changed(chat_id=chat.pk, since=xid, until=xid + 1, limit=1)

    assert [said.message for said in changed.said] == [earlier, later]
    assert (changed.has_earlier, cut.has_earlier) == (False, True)
    assert read_changed(chat_id=chat.pk, since=xid + 1, until=xid + 2, limit=10).said == []


def test_a_part_far_back_costs_no_more_queries_than_the_newest() -> None:
    chat = ChatFactory()
    for number in range(30):
        say(chat, f"{number}", second=number)
    first = Message.objects.filter(chat=chat).order_by("timestamp")[2]
    place = read_around(first, limit=2).first_place

    with CaptureQueriesContext(connection) as queries:
        read_before(chat_id=chat.pk, place=place)

    # Nothing was edited, and nothing answers anything.
    assert len(queries) == 1
    assert "OFFSET" not in queries.captured_queries[0]["sql"]


@pytest.mark.parametrize(
    ("chat_id", "fields", "url"),
    [
        (-1_001_234_567_890, {}, "https://t.me/c/1234567890/77"),
        (-1_001_234_567_890, {"message_thread_id": 5}, "https://t.me/c/1234567890/5/77"),
        (-1_001_234_567_890, {"telegram_message_id": None}, ""),
        (-4_001, {}, ""),  # a basic group
        (501, {}, ""),  # somebody's own chat
    ],
)
def test_the_link_to_a_message_in_telegram(chat_id: int, fields: dict[str, int | None], url: str) -> None:
    message = Message(chat_id=chat_id, **{"telegram_message_id": 77, **fields})

    assert telegram_url(message) == url
