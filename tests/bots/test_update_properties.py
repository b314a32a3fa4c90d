"""What holds for any updates: reading never crashes, a replay changes nothing, order does not matter."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bots.models import RawUpdate, TelegramBot
from bots.parsing import UnreadableUpdateError, parse_update
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates, replay_updates
from clients.models import TelegramUser
from intents.models import MessageAnalysis
from messaging.models import Chat, Message, MessageDeletion, MessageVersion
from tests.bots.mutations import mutated, realistic
from tests.bots.realistic import (
    ANONYMOUS,
    BASIC,
    CLIENT,
    CONTENTS,
    DATE,
    EVENTS,
    GROUP,
    JSON,
    MAILING_BOT,
    OTHER,
    PRIVATE,
    deleted,
    membership,
    message,
    update,
)
from tests.factories import ManagerFactory

BOT_ID = 77
MANAGER = {"id": 9001, "is_bot": False, "first_name": "Анна"}
MOVED = {**GROUP, "id": -1002000000009}

seeded = settings(
    derandomize=True,
    max_examples=10,
    # A story is one whole: a smaller seed tells another one.
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
randoms = st.randoms(use_true_random=False)


class Story:
    """What happens in a few chats, one event a second, as the updates that Telegram makes of it.

    Chats and people change their names as it goes. A message says each of its texts at most twice: of what
    looks alike only the first and the last time are kept (messaging/versions.py).
    """

    def __init__(self, random: Random, length: int) -> None:
        self.random = random
        self.updates: list[JSON] = []
        self.numbers = iter(range(1, 10_000))
        self.names = {person["id"]: person for person in (CLIENT, OTHER, MANAGER, MAILING_BOT)}
        self.titles = {chat["id"]: chat for chat in (GROUP, BASIC, PRIVATE)}
        self.said: list[tuple[str, JSON, list[JSON]]] = []
        self.now = DATE
        for _ in range(length):
            self.now += 1
            often, seldom = [self.say, self.edit], [self.rename, self.join_or_leave, self.delete, self.move]
            random.choice([*often, *often, *often, *seldom])()

    def tell(self, kind: str, content: JSON) -> None:
        self.updates.append(update(len(self.updates) + 1, kind, content))

    def say(self) -> None:
        chat = self.random.choice([*self.titles.values()])
        content, *_ = self.random.choice([*CONTENTS.values()])
        if self.random.random() < 0.2:
            event = self.random.choice([*EVENTS])
            content = {event: EVENTS[event][0]}
        speaker = self.random.choice([CLIENT, CLIENT, OTHER, MANAGER, MAILING_BOT, ANONYMOUS])
        fields: JSON = {"message_id": next(self.numbers), "date": self.now, "from": speaker, "chat": chat}
        if speaker is ANONYMOUS:
            fields["sender_chat"] = {"id": chat["id"], "title": "?", "type": chat["type"]}
        kind = "message"
        if chat["id"] == PRIVATE["id"] and self.random.random() < 0.7:
            kind, fields["business_connection_id"] = "business_message", "bc1"
        if self.random.random() < 0.3:
            fields["reply_to_message"] = message(message_id=3, text="Роза есть?")
        texts = [{"text": text} for text in ("Роза", "Роза", "Пион", "Пион", "Ирис", "Ирис")]
        self.random.shuffle(texts)
        self.said.append(
            (kind, fields, [{**content, "text": None, "caption": None, **text} for text in texts])
        )
        self.state(kind, fields, self.said[-1][2].pop())

    def edit(self) -> None:
        kind, fields, left = self.random.choice(self.said) if self.said else ("", {}, [])
        if left:
            self.state(f"edited_{kind}", {**fields, "edit_date": self.now}, left.pop())

    def state(self, kind: str, fields: JSON, content: JSON) -> None:
        """As Telegram would say it now: with the chat's and the person's names of now."""
        person = self.names.get(fields["from"]["id"], fields["from"])
        chat = self.titles.get(fields["chat"]["id"], fields["chat"])
        self.tell(kind, {**message(**content), **fields, "from": person, "chat": chat})

    def rename(self) -> None:
        new = self.random.choice(["Новое", "Другое", "Третье"])
        if self.random.random() < 0.5:
            chat_id = self.random.choice([GROUP["id"], BASIC["id"]])
            if chat_id in self.titles:
                self.titles[chat_id] = {**self.titles[chat_id], "title": new}
        else:
            person_id = self.random.choice([CLIENT["id"], OTHER["id"]])
            self.names[person_id] = {**self.names[person_id], "first_name": new, "username": f"n{self.now}"}

    def join_or_leave(self) -> None:
        chat = self.random.choice([*self.titles.values()])
        status = self.random.choice(["member", "administrator", "kicked", "left"])
        self.updates.append(membership(len(self.updates) + 1, status, date=self.now, chat=chat))

    def delete(self) -> None:
        numbers = [fields["message_id"] for kind, fields, _left in self.said if kind == "business_message"]
        if numbers:
            self.updates.append(deleted(len(self.updates) + 1, self.random.choice(numbers), 9_999))

    def move(self) -> None:
        """The basic group becomes a supergroup: both sides say so."""
        old = self.titles.pop(BASIC["id"], None)
        if old is None:
            return
        self.said = [one for one in self.said if one[1]["chat"]["id"] != BASIC["id"]]
        new = self.titles[MOVED["id"]] = {**MOVED, "title": old["title"]}
        fields = {"date": self.now, "from": OTHER}
        left = message(message_id=next(self.numbers), chat=old, migrate_to_chat_id=MOVED["id"], **fields)
        came = message(message_id=next(self.numbers), chat=new, migrate_from_chat_id=BASIC["id"], **fields)
        person = self.names[OTHER["id"]]
        self.tell("message", {**left, "from": person})
        self.tell("message", {**came, "from": person})


@contextmanager
def hub() -> Iterator[None]:
    """A hub with one bot and one manager, as if nothing had happened before or after."""
    with transaction.atomic():
        TelegramBot.objects.create(id=BOT_ID)
        seen = datetime(2020, 1, 1, tzinfo=UTC)
        ManagerFactory(id=MANAGER["id"], first_name="Анна", username="", first_seen=seen, last_seen=seen)
        yield
        transaction.set_rollback(True)


def take(updates: list[Any], random: Random) -> None:
    """In batches of any size."""
    rest = list(updates)
    while rest:
        size = random.randrange(1, len(rest) + 1)
        store_updates(bot_id=BOT_ID, raw=rest[:size])
        while parse_waiting_updates():
            pass
        rest = rest[size:]


# Surrogate keys, and what says when something came or was written.
ARRIVAL = {"id", "created_at", "updated_at", "changed_xid", "state_arrival", "search_vector", "origin"}


def rows(queryset: Any, *left_out: str) -> list[JSON]:  # noqa: ANN401  (any model's)
    fields = [field.attname for field in queryset.model._meta.concrete_fields]
    shown = [name for name in fields if name not in {*ARRIVAL, *left_out}]
    return sorted(queryset.values(*shown), key=repr)


def end_state() -> dict[str, object]:
    """Everything that readers see, and what later updates are judged by."""
    messages = {row.pk: (row.chat_id, row.business_connection_id, row.telegram_message_id)
                for row in Message.objects.all()}  # fmt: skip
    versions = MessageVersion.objects.values_list("message", "text", "media", "valid_from", "seen_until")
    verdicts = MessageAnalysis.objects.values_list("message", "intent", "sentiment", "is_urgent")
    return {
        "messages": rows(Message.objects.all(), "deleted_at"),
        "deleted": sorted(
            messages[pk]
            for pk in Message.objects.filter(deleted_at__isnull=False).values_list("pk", flat=True)
        ),
        "versions": sorted(((messages[pk], *said) for pk, *said in versions), key=repr),
        "verdicts": sorted((messages[pk], *said) for pk, *said in verdicts),
        "chats": rows(Chat.objects.all()),
        "chat ids": sorted(
            Chat.objects.values_list("pk", "name", "is_active", "waiting_since", "migrated_to")
        ),
        "people": sorted(TelegramUser.objects.values_list("pk", "first_name", "username", "role"), key=repr),
        "seen": rows(TelegramUser.objects.all()),
        "deletions": rows(MessageDeletion.objects.all(), "deleted_at"),
        "raw": rows(RawUpdate.objects.all(), "received_at", "parsed_at"),
    }


def tables() -> list[Any]:
    """Every row as it stands, keys included."""
    models = (Message, MessageVersion, MessageDeletion, Chat, TelegramUser)
    return [list(model.objects.order_by("pk").values()) for model in models]


@seeded
@given(randoms)
def test_reading_raises_nothing_but_what_says_why(random: Random) -> None:
    for number in range(20):
        whole = realistic(random, number)
        assert parse_update(whole, arrival=1).notes == []
        with suppress(UnreadableUpdateError):
            parse_update(mutated(random, whole), arrival=1)


@pytest.mark.django_db
@seeded
@given(randoms, st.booleans())
def test_a_replay_of_everything_changes_nothing(random: Random, is_mutated: bool) -> None:
    updates: list[Any] = Story(random, 25).updates
    if is_mutated:
        updates = [mutated(random, one) if random.random() < 0.4 else one for one in updates]
    with hub():
        take(updates, random)
        before = tables()

        replay_updates(RawUpdate.objects.all())

        assert tables() == before


@pytest.mark.django_db
@seeded
@given(randoms)
def test_the_order_of_arrival_does_not_matter_to_the_end_state(random: Random) -> None:
    updates = Story(random, 30).updates
    with hub():
        take(updates, random)
        expected = end_state()
    for _ in range(2):
        random.shuffle(updates)
        with hub():
            take(updates, random)
            arrived = end_state()
        for part, value in expected.items():
            assert arrived[part] == value, part
