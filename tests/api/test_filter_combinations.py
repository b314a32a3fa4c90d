"""Any combination of filters says what plain Python says of the same rows, page by page and back."""

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest

from clients.models import RoleName
from cvgorod_hub.api.keys import create_key
from intents.models import Intent, Sentiment
from messaging.models import Chat, Message
from tests.api.conftest import Caller
from tests.factories import NOW, AnalysisFactory, ChatFactory, MessageFactory, PersonFactory, role

# A filter's name: its values, and what is true of the messages that it keeps.
Filters = dict[str, tuple[list[Any], Callable[[Message, Any], bool]]]


def analysis(message: Message, column: str) -> Any:  # noqa: ANN401  (of any column)
    found = getattr(message, "analysis", None)
    return found and getattr(found, column)


def has_intent(message: Message, value: str) -> bool:
    if value in ("true", "false"):
        return hasattr(message, "analysis") is (value == "true")
    return bool(analysis(message, "intent") == value)


def role_of(message: Message) -> str | None:
    return message.user and message.user.role.role_name


NASTY = ["'", '"', "\\", "%", "_", "%s", "%(x)s", "\\'; --", "$1", "{0}", "😀", "\u202e"]
CHATS, PEOPLE = [-1_000_000_000_021, -1_000_000_000_022, -1_000_000_000_023], [601, 602, 603]
FILTERS: Filters = {
    "chat_id": (CHATS, lambda message, value: message.chat_id == value),
    "user_id": ([*PEOPLE, 0], lambda message, value: message.user_id == value),
    "role": ([RoleName.CLIENT, RoleName.MANAGER], lambda message, value: role_of(message) == value),
    "clients_only": (
        ["true", "false"],
        lambda message, value: value == "false" or role_of(message) == RoleName.CLIENT,
    ),
    "exclude_automatic": (
        ["true", "false"],
        lambda message, value: value == "false" or not (message.user and message.user.role.is_bot),
    ),
    "has_intent": (["true", "false", Intent.ORDER, Intent.QUESTION], has_intent),
    "sentiment": (list(Sentiment.values), lambda message, value: analysis(message, "sentiment") == value),
    "urgent": (
        ["true", "false"],
        lambda message, value: bool(analysis(message, "is_urgent")) is (value == "true"),
    ),
    "message_type": (["text", "photo"], lambda message, value: message.message_type == value),
    "since": ([NOW + timedelta(seconds=second) for second in (2, 5)], lambda m, value: m.timestamp >= value),
    "until": ([NOW + timedelta(seconds=second) for second in (4, 8)], lambda m, value: m.timestamp <= value),
    "reply_to": ([7, 8], lambda message, value: message.reply_to_message_id == value),
    "search": (["роза", "тюльпаны", "-роза"], lambda message, value: says(message.text, value)),
}


def says(text: str, wanted: str) -> bool:
    if wanted.startswith("-"):
        return not says(text, wanted[1:])
    return wanted[:3] in text


@pytest.fixture
def messages(db: None) -> list[Message]:
    """Each by chance; few seconds, so that ties are the rule. In the order of the list."""
    dice = random.Random(8)  # noqa: S311
    chats = [ChatFactory(id=pk) for pk in CHATS]
    roles = (RoleName.CLIENT, RoleName.MANAGER, RoleName.BROADCAST_BOT)
    people = [PersonFactory(id=pk, role=role(name)) for pk, name in zip(PEOPLE, roles, strict=True)]
    for _ in range(120):
        message = MessageFactory(
            chat=dice.choice(chats),
            user=dice.choice([*people, None]),
            text=dice.choice(["роза", "две розы", "тюльпан", "розы и тюльпан", "ничего"]),
            message_type=dice.choice(["text", "photo"]),
            reply_to_message_id=dice.choice([None, 7, 8]),
            timestamp=NOW + timedelta(seconds=dice.randrange(10)),
        )
        if dice.random() < 0.7:
            labels = {"intent": dice.choice(Intent.values), "sentiment": dice.choice(Sentiment.values)}
            AnalysisFactory(message=message, is_urgent=dice.random() < 0.4, **labels)
    rows = Message.objects.select_related("user__role", "analysis").order_by("-timestamp", "-id")
    return list(rows)


def read(caller: Caller, path: str, given: dict[str, Any]) -> tuple[list[int], list[int]]:
    """The ids of all pages, and those read on the way back."""
    answer = caller.get(path, **given)
    forwards: list[list[int]] = []
    while True:
        assert answer.status_code == 200, answer.content
        page = answer.json()
        forwards.append([row["id"] for row in page["results"]])
        if page["next"] is None:
            break
        answer = caller.follow(page["next"])
    backwards: list[list[int]] = []
    while page["previous"] is not None:
        page = caller.follow(page["previous"]).json()
        backwards.insert(0, [row["id"] for row in page["results"]])
    return [*chain(*forwards)], [*chain(*backwards, forwards[-1])]


@pytest.mark.parametrize("seen", [[], CHATS[:2], [-5]], ids=["everything", "two chats", "nothing"])
def test_any_combination_keeps_exactly_what_it_says(messages: list[Message], seen: list[int]) -> None:
    caller = Caller(create_key(name="reader", scopes=["read"], chat_ids=seen)[1])
    dice = random.Random(9)  # noqa: S311
    there = [message for message in messages if not seen or message.chat_id in seen]
    found = 0
    for _ in range(40):
        names = dice.sample(sorted(FILTERS), dice.randrange(1, 4))
        chosen = {name: dice.choice(FILTERS[name][0]) for name in names}
        expected = [
            message.pk for message in there if all(FILTERS[name][1](message, chosen[name]) for name in names)
        ]
        given = {
            name: value.isoformat() if name in ("since", "until") else value for name, value in chosen.items()
        }
        limit = dice.choice([3, 7, 100]) if len(expected) < 30 else 50

        assert read(caller, "messages", {**given, "limit": limit}) == (expected, expected), chosen
        found += len(expected)
    assert (found > 200) is (seen != [-5])


def test_a_persons_messages_keep_the_same_filters(messages: list[Message]) -> None:
    caller = Caller(create_key(name="reader", scopes=["read"])[1])
    for name, (values, keeps) in FILTERS.items():
        value = values[0]
        given = value.isoformat() if name in ("since", "until") else value
        expected = [
            message.pk for message in messages if message.user_id == PEOPLE[0] and keeps(message, value)
        ]

        assert read(caller, f"clients/{PEOPLE[0]}/messages", {name: given, "limit": 5})[0] == expected, name


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize(("path", "column"), [("chats", "name"), ("clients", "first_name")])
@pytest.mark.django_db
def test_a_name_is_sought_as_it_is_typed(path: str, column: str, text: str) -> None:
    for name in ("Роза", f"до{text}после"):
        ChatFactory(name=name)
        PersonFactory(first_name=name)
    caller = Caller(create_key(name="reader", scopes=["read"])[1])

    rows = caller.get(path, search=f"о{text}п").json()["results"]

    assert [row[column] for row in rows] == [f"до{text}после"]
    assert Chat.objects.count() == 2
