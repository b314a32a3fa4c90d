"""The feed under transactions that begin, change rows, end late or are rolled back, in any order.

Several connections take turns as a seed says; a reader polls between them with what `next` says. In the end
it has been told of every message as it now is, whichever transaction ended first.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from django.db import connection

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey, Scope
from messaging.models import Message
from tests.api.conftest import Caller
from tests.api.test_feed import INSERT, settle
from tests.factories import ChatFactory, MessageFactory
from tests.marks import committed

pytestmark = committed
WRITERS = 4
TURNS = 120


class Writer:
    """A connection that writes in a chat of its own, so that no two of them wait for each other."""

    def __init__(self, session: psycopg.Connection) -> None:
        self.session = session
        self.chat = ChatFactory()
        self.messages = [MessageFactory(chat=self.chat, text="").pk]
        self._fresh: list[int] = []

    def insert(self, number: int) -> None:
        row = self.session.execute(INSERT, (self.chat.pk, number)).fetchone()
        assert row is not None
        self._fresh.append(row[0])

    def edit(self, text: str, chance: random.Random) -> None:
        changed = chance.choice([*self.messages, *self._fresh])
        self.session.execute("UPDATE messages SET text = %s WHERE id = %s", [text, changed])

    def commit(self) -> None:
        self.session.commit()
        self.messages += self._fresh
        self._fresh.clear()

    def roll_back(self) -> None:
        self.session.rollback()
        self._fresh.clear()


@pytest.fixture
def sessions(db: None) -> Iterator[list[psycopg.Connection]]:
    connection.ensure_connection()
    given = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with ExitStack() as stack:
        opened = [
            stack.enter_context(psycopg.connect(**{name: given[name] for name in names if name in given}))
            for _ in range(WRITERS)
        ]
        for session in opened:
            session.execute(
                "SET lock_timeout = '10s'"
            )  # all turns are one thread's: waiting would be for ever
            session.commit()
        yield opened


class Reader:
    """Polls, and remembers the last that it was told of each message."""

    def __init__(self, caller: Caller, limit: int, **filters: Any) -> None:
        self.caller = caller
        self.known: dict[int, str] = {}
        self.url = caller.get("messages", after="", limit=limit, **filters).json()["next"]
        first = caller.get("messages", after="", limit=limit, **filters).json()
        self._learn(first["results"])

    def poll(self) -> bool:
        """Whether there was something."""
        page = self.caller.follow(self.url).json()
        if not page["results"]:
            assert page["next"] == self.url, "an empty page keeps the cursor"
        self._learn(page["results"])
        self.url = page["next"]
        return bool(page["results"])

    def _learn(self, rows: list[dict[str, Any]]) -> None:
        ids = [row["id"] for row in rows]
        assert len(ids) == len(set(ids)), "twice in one page"
        self.known |= {row["id"]: row["text"] for row in rows}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["open", "filtered", "limited"])
def test_the_reader_knows_all_in_the_end(sessions: list[psycopg.Connection], seed: int, kind: str) -> None:
    chance = random.Random(seed)  # noqa: S311  (the same turns for the same seed)
    writers = [Writer(session) for session in sessions]
    chats = [writer.chat.pk for writer in writers]
    key, secret = create_key(name="reader", scopes=[Scope.READ])
    if kind == "limited":
        ApiKey.objects.filter(pk=key.pk).update(chat_ids=chats[:2])
    filters = {"chat_id": chats[0]} if kind == "filtered" else {}
    settle()
    reader = Reader(Caller(secret), limit=chance.choice([1, 3, 100]), **filters)

    for turn in range(TURNS):
        writer = chance.choice(writers)
        match chance.choices(["insert", "edit", "commit", "roll back", "poll"], [4, 4, 3, 1, 4])[0]:
            case "insert":
                writer.insert(10_000 + turn)
            case "edit":
                writer.edit(str(turn), chance)  # a word of its own: two that store the same new word wait
            case "commit":
                writer.commit()
            case "roll back":
                writer.roll_back()
            case "poll":
                reader.poll()
    for writer in chance.sample(writers, WRITERS):
        writer.commit()
        reader.poll()
    settle()
    while reader.poll():
        pass

    visible = {"open": chats, "filtered": chats[:1], "limited": chats[:2]}[kind]
    stored = Message.objects.filter(chat__in=visible)
    assert reader.known == dict(stored.values_list("pk", "text"))
