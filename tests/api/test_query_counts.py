"""How many queries each call makes, on purpose: the number does not grow with rows."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cvgorod_hub.api.models import ApiKey
from messaging.models import Message
from messaging.search import plans
from sandbox.models import PendingResponse
from tests.api.conftest import Caller
from tests.api.test_authentication import BATCH, CALLS
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory, ResponseFactory

KEY = 1  # finding the caller's key
QUERIES = {
    "messages": KEY + 1,
    "messages?after=": KEY + 1,
    "messages?after=latest": KEY + 1,
    "messages?role=client": KEY + 2,  # the roles that there are
    "messages?search=роза&clients_only=true&has_intent=true&days=3": KEY + 3,  # new words; which; their rows
    "messages/{message}": KEY + 1,
    "messages/{message}/context": KEY + 3,  # itself; before and after
    "messages/stats/total": KEY + 1,
    "messages/stats/by-role": KEY + 1,
    "clients": KEY + 1,
    "clients?search=человек": KEY + 1,
    "clients/{user}": KEY + 1,
    "clients/{user}/messages": KEY + 1,
    "clients/stats/active": KEY + 1,
    "chats": KEY + 1,
    "chats/{chat}": KEY + 1,
    "chats/{chat}/participants": KEY + 1,
    "intents": KEY + 1,
    "intents/daily": KEY + 1,
    "intents/urgent": KEY + 2,  # which; their rows
    "analytics/unanswered": KEY + 1,
    "sandbox/pending": KEY + 1,
    "sandbox/{response}": KEY + 2,  # and its log
}


def test_every_call_that_reads_stands_in_the_table() -> None:
    """A batch's progress is its own program's, and is measured below."""
    marks = {"1": "{}", "-1": "{}", BATCH: "{}"}
    reading = {
        "/".join(marks.get(part, part) for part in path.split("/"))
        for method, path, _ in CALLS
        if method == "get"
    }
    measured = {re.sub(r"\{\w+\}", "{}", path.partition("?")[0]) for path in QUERIES}

    assert measured == reading - {"send/batch/{}"}


@pytest.fixture
def rows(db: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    # PostgreSQL may have looked at the rows of an earlier test, and found a word to be frequent.
    monkeypatch.setattr(plans, "_frequencies", plans.Frequencies())
    monkeypatch.setattr(plans, "_read_statistics", dict)
    now = timezone.now()
    for _ in range(5):
        chat = ChatFactory(waiting_since=now)
        message = MessageFactory(chat=chat, timestamp=now)
        AnalysisFactory(message=message, is_urgent=True)
        ResponseFactory(chat=chat)
    return {"message": message.pk, "user": message.user_id, "chat": chat.pk}


@pytest.mark.parametrize("path", list(QUERIES))
def test_number_of_queries(reader: Caller, rows: dict[str, int], path: str) -> None:
    ApiKey.objects.update(last_used_at=timezone.now())  # or its first use of the minute is one more
    response = PendingResponse.objects.latest("pk")

    url = reader.url(path.format(**rows, response=response.pk))
    reader.follow(url)  # what a process asks once and keeps: a searched word's forms, how frequent words are
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = reader.follow(url)

    assert answer.status_code == 200, answer.content
    assert len(queries) == QUERIES[path], [query["sql"] for query in queries]
    assert not any("search_vector" in query["sql"] and "@@" not in query["sql"] for query in queries)


def test_a_proposal(agent: Caller, rows: dict[str, int]) -> None:
    ApiKey.objects.update(last_used_at=timezone.now())

    with CaptureQueriesContext(connection) as queries:
        answer = agent.post("send", {"chat_id": rows["chat"], "text": "Да"})

    assert answer.status_code == 201
    asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(asked) == 2, asked  # the key; the draft with its log, and whatever stood against it
    assert Message.objects.count() == 5


def test_a_batch(agent: Caller, rows: dict[str, int]) -> None:
    body = {"messages": [{"chat_id": rows["chat"], "text": "Да"}, {"chat_id": rows["chat"], "text": "Нет"}]}
    batch_id = agent.post("send/batch", body).json()["batch_id"]
    ApiKey.objects.update(last_used_at=timezone.now())

    with CaptureQueriesContext(connection) as queries:
        answer = agent.get(f"send/batch/{batch_id}")

    assert answer.json()["total"] == 2
    assert len(queries) == KEY + 1, [query["sql"] for query in queries]
