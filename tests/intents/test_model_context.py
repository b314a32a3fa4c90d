"""A short message goes along with what was said around it: little of it, in order."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from intents.llm.context import HOURS_BEFORE, MOST_BEFORE, SHORT, contexts_of
from intents.llm.prompt import INSTRUCTIONS, LONGEST_AROUND, LONGEST_TEXT, Around, Asked, document
from intents.llm.queue import classify_due_batch
from messaging.models import Chat, Message
from tests.factories import NOW, ChatFactory, ManagerFactory, MessageFactory
from tests.intents.deepseek_stub import DeepSeekStub, asked_messages
from tests.intents.due import due

pytestmark = pytest.mark.django_db


def said(chat: Chat, minutes: int, text: str, **fields: Any) -> Message:
    """A message so many minutes after the first."""
    return MessageFactory.create(chat=chat, text=text, timestamp=NOW + timedelta(minutes=minutes), **fields)


def of(message: Message) -> tuple[list[str], str | None]:
    before, answered = contexts_of([message])[message.pk]
    return [one.text for one in before], answered.text if answered else None


def test_the_few_before_go_along_oldest_first_with_who_said_them() -> None:
    chat = ChatFactory.create()
    said(chat, 0, "давно")
    for minutes, text in ((1, "здравствуйте"), (2, "есть роза?")):
        said(chat, minutes, text)
    said(chat, 3, "есть по 90, берёте?", user=ManagerFactory.create())
    yes = said(chat, 4, "да")
    said(chat, 5, "и ещё")
    said(ChatFactory.create(), 3, "чужое")

    assert contexts_of([yes])[yes.pk] == (
        (
            Around("client", "здравствуйте"),
            Around("client", "есть роза?"),
            Around("manager", "есть по 90, берёте?"),
        ),
        None,
    )
    assert MOST_BEFORE == 3


def test_what_it_answers_goes_along_however_old_it_is_and_once() -> None:
    chat = ChatFactory.create()
    asked = said(chat, -60 * 24 * 3, "беру 3 пачки?")
    last = said(chat, 1, "другое")
    old = said(chat, 2, "+", reply_to_message_id=asked.telegram_message_id)
    near = said(chat, 3, "да", reply_to_message_id=last.telegram_message_id)

    assert of(old) == (["другое"], "беру 3 пачки?")
    assert of(near) == (["+"], "другое")


def test_another_bots_number_in_the_same_chat_is_not_what_it_answers() -> None:
    chat = ChatFactory.create(chat_type=Chat.Type.GROUP)
    MessageFactory.create(chat=chat, telegram_message_id=5, numbered_by=1, text="чужое", timestamp=NOW)
    mine = said(chat, 60 * 24, "да", numbered_by=2, reply_to_message_id=5)

    assert of(mine) == ([], None)


@pytest.mark.parametrize(
    "fields",
    [
        {"message_type": Message.Type.SERVICE},
        {"deleted_at": NOW},
        {"text": ""},
        {"timestamp": NOW - timedelta(hours=HOURS_BEFORE)},
    ],
)
def test_what_tells_nothing_stays_out(fields: dict[str, Any]) -> None:
    chat = ChatFactory.create()
    MessageFactory.create(**{"chat": chat, "timestamp": NOW, "text": "до", **fields})

    assert of(said(chat, 5, "да")) == ([], None)


def test_a_message_without_a_number_has_context_too() -> None:
    chat = ChatFactory.create()
    said(chat, 0, "роза есть?", telegram_message_id=None, origin="1:1")

    assert of(said(chat, 1, "да", telegram_message_id=None, origin="1:2")) == (["роза есть?"], None)


def test_what_was_spoken_is_context() -> None:
    chat = ChatFactory.create()
    said(chat, 0, "", transcript="десять роз", message_type=Message.Type.VOICE)

    assert of(said(chat, 1, "да")) == (["десять роз"], None)


def test_of_a_long_message_only_the_beginning_is_context() -> None:
    chat = ChatFactory.create()
    said(chat, 0, "р" * 5000)

    assert of(said(chat, 1, "да")) == (["р" * LONGEST_AROUND], None)


def test_any_number_of_messages_takes_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    chat = ChatFactory.create()
    messages = [said(chat, minutes, f"{minutes}") for minutes in range(20)]

    with django_assert_num_queries(1):
        found = contexts_of(messages)

    assert [one.text for one in found[messages[10].pk][0]] == ["7", "8", "9"]
    with django_assert_num_queries(0):
        assert contexts_of([]) == {}


def test_only_short_messages_take_context_along(deepseek: DeepSeekStub) -> None:
    chat = ChatFactory.create()
    said(chat, 0, "есть роза по 90")
    short, long = "3 пачки", "р" * (SHORT + 1)
    due(short, message__chat=chat, message__timestamp=NOW + timedelta(minutes=1))
    due(long, message__chat=chat, message__timestamp=NOW + timedelta(minutes=2))

    classify_due_batch()

    first, second = asked_messages(deepseek.requests[0])
    assert first == {
        "n": 1,
        "sent": "2026-11-22 Sun",
        "before": [{"role": "client", "text": "есть роза по 90"}],
        "role": "client",
        "text": short,
    }
    assert second == {"n": 2, "sent": "2026-11-22 Sun", "role": "client", "text": long}


def test_a_request_is_bounded_in_characters() -> None:
    around = Around("client", "р" * 10_000)
    asked = Asked(1, "client", "р" * 10_000, before=(around,) * MOST_BEFORE, reply_to=around)

    row = json.loads(document([asked]))["messages"][0]

    assert [len(one["text"]) for one in row["before"]] == [LONGEST_AROUND] * MOST_BEFORE
    assert (len(row["reply_to"]["text"]), len(row["text"])) == (LONGEST_AROUND, LONGEST_TEXT)


@pytest.mark.parametrize("name", ["before", "reply_to", "sent", "role"])
def test_the_instructions_say_what_each_field_is(name: str) -> None:
    assert f'"{name}"' in INSTRUCTIONS
