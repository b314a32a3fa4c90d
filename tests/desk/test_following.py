"""A page that stays open: what it is told of the chat, exactly once and nothing left out."""

import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.models import Chat, Message
from sandbox import review
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from tests.api.test_feed import settle
from tests.desk.conftest import Browser
from tests.desk.pages import address, ids, read, rows
from tests.factories import ChatFactory, MessageFactory
from tests.marks import committed

pytestmark = [committed, pytest.mark.usefixtures("english")]

AGENT = Actor(name="agent")


@pytest.fixture
def chat(transactional_db: None) -> Chat:
    chat: Chat = ChatFactory(name="Магазин")
    MessageFactory(chat=chat, text="Есть роза?")
    # Else a page says "since" a transaction of another test, and is told of this message, too.
    settle()
    return chat


def since_of(page: str) -> str:
    found = re.search(r'data-since="(\d+)"', page)
    assert found is not None
    return found[1]


def news(client: Client, chat: Chat, since: str, drafts: str = "", q: str = "") -> dict[str, Any]:
    url = reverse("admin:desk_conversation_news", args=[chat.pk])
    answer = client.get(url, {"since": since, "drafts": drafts, "q": q})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def settled_news(client: Client, chat: Chat, since: str, **asked: str) -> dict[str, Any]:
    """When no transaction of another test hides what was stored."""
    settle()
    return news(client, chat, since, **asked)


def client_writes(chat: Chat, text: str = "Ещё вопрос") -> Message:
    message: Message = MessageFactory(chat=chat, text=text, timestamp=timezone.now())
    return message


def test_what_comes_is_told_once(manager: Client, chat: Chat) -> None:
    since = since_of(read(manager, address(chat.pk)))
    first, _elsewhere = client_writes(chat), client_writes(ChatFactory())

    told = settled_news(manager, chat, since)
    again = settled_news(manager, chat, told["since"])

    assert (rows(told["lines"]), rows(again["lines"])) == (ids("message", [first]), [])
    assert (told["again"], again["again"]) == (False, False)


def test_an_edit_and_a_deletion_come_as_the_message_is_now(manager: Client, chat: Chat) -> None:
    since = since_of(read(manager, address(chat.pk)))
    Message.objects.update(text="Есть пион?", edited_at=timezone.now())
    told = settled_news(manager, chat, since)
    Message.objects.update(deleted_at=timezone.now())

    assert "Есть пион?" in told["lines"]
    assert "is-deleted" in settled_news(manager, chat, told["since"])["lines"]


def test_what_is_committed_late_is_not_passed_over(manager: Client, chat: Chat) -> None:
    """A transaction that began before the page was read ends after somebody else's news were told."""
    options = connection.get_connection_params()
    for name in ("cursor_factory", "context"):
        options.pop(name, None)
    before = client_writes(chat, "медленное")
    with psycopg.connect(**options) as slow:
        slow.execute("UPDATE messages SET text = 'исправлено' WHERE id = %s", [before.pk])
        since = since_of(read(manager, address(chat.pk)))
        quick = client_writes(chat)
        told = news(manager, chat, since)
        slow.commit()

    later = settled_news(manager, chat, told["since"])
    assert "исправлено" in later["lines"]

    # What was quick waits for what began before it: nothing is told out of turn.
    assert rows(told["lines"]) == []
    # (While another test's transaction runs, what is older may come again: lines replace lines.)
    assert set(rows(later["lines"])) >= set(ids("message", [before, quick]))


def test_drafts_appear_move_and_become_messages(manager: Client, chat: Chat) -> None:
    since = since_of(read(manager, address(chat.pk)))
    draft, other = (
        propose(proposal=Proposal(chat_id=chat.pk, text=text), actor=AGENT).response for text in ("да", "нет")
    )

    appeared = settled_news(manager, chat, since)
    shown = f"{draft.pk},{other.pk}"
    review.reject(response_id=draft.pk, actor=AGENT, reason="Не то")
    PendingResponse.objects.filter(pk=draft.pk).update(created_at="2026-01-01T00:00:00Z")
    PendingResponse.objects.filter(pk=other.pk).update(status="sent", telegram_message_id=55)
    sent = MessageFactory(chat=chat, text="нет", source="sent", telegram_message_id=55)
    moved = settled_news(manager, chat, appeared["since"], drafts=shown)

    assert rows(appeared["drafts"]) == ids("draft", [draft, other])
    assert rows(moved["drafts"]) == []
    assert rows(moved["lines"]) == [f"draft-{draft.pk}", f"message-{sent.pk}"]
    assert "Не то" in moved["lines"]


def test_how_long_the_client_waits_is_told_and_that_nobody_does(manager: Client, chat: Chat) -> None:
    since = since_of(read(manager, address(chat.pk)))
    told = [settled_news(manager, chat, since)["waiting"]]
    for waited in (timedelta(seconds=20), timedelta(minutes=12, seconds=1)):
        Chat.objects.update(waiting_since=timezone.now() - waited)
        told.append(settled_news(manager, chat, since)["waiting"])

    assert [words.replace("\xa0", " ") for words in told] == [
        "", "waits less than a minute", "waits 12 minutes",
    ]  # fmt: skip


def test_very_much_at_once_is_better_read_anew(
    manager: Client, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvgorod_hub.desk.conversation.following.MOST_NEWS", 2)
    since = since_of(read(manager, address(chat.pk)))
    for _ in range(3):
        client_writes(chat)

    assert settled_news(manager, chat, since)["again"]
    assert settled_news(manager, chat, str(10**15))["again"]  # a page of a database that was restored


def test_what_is_new_is_marked_as_the_page_is_searched(manager: Client, chat: Chat) -> None:
    since = since_of(read(manager, address(chat.pk)))
    client_writes(chat, "Роза <b>")

    assert "<mark>Роза</mark> &lt;b&gt;" in settled_news(manager, chat, since, q="роза")["lines"]


@pytest.mark.parametrize("query", [{}, {"since": "x"}, {"since": "1,2"}, {"since": "1", "drafts": "a"}])
def test_an_address_that_no_page_has_is_not_there(manager: Client, chat: Chat, query: dict[str, str]) -> None:
    assert manager.get(reverse("admin:desk_conversation_news", args=[chat.pk]), query).status_code == 404


def test_news_are_for_whoever_may_read(browser: Browser, chat: Chat) -> None:
    url = reverse("admin:desk_conversation_news", args=[chat.pk])

    assert Client().get(url, {"since": "1"}).status_code == 302
    assert browser(name="nobody").get(url, {"since": "1"}).status_code == 403
    assert browser("Наблюдатели", name="viewer").post(url, {"since": "1"}).status_code == 405


def test_asking_costs_few_queries(manager: Client, chat: Chat) -> None:
    since = since_of(read(manager, address(chat.pk)))
    client_writes(chat)

    with CaptureQueriesContext(connection) as queries:
        news(manager, chat, since)

    # Session, account, its permissions; the chat, what changed, the drafts.
    assert len(queries) == 6
