"""Whoever follows `next` or `previous` through a list while others write sees no row twice and misses none.

Threads commit rows all the while, at least one between any two pages; what was there at the beginning is what
must be seen.
"""

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey, Scope
from messaging.models import Chat, Message
from tests.api.conftest import Caller
from tests.factories import (
    AnalysisFactory,
    ChatFactory,
    ManagerFactory,
    MessageFactory,
    PersonFactory,
    ResponseFactory,
)
from tests.marks import committed

pytestmark = committed
WAIT_SECONDS = 30
FIRST_ROWS = 40


class Hub:
    """Rows around one chat and one person, at seconds that often coincide."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  (the same rows for the same seed)
        self.begin = timezone.now() - timedelta(hours=1)
        self.chats = [ChatFactory(), ChatFactory()]
        self.people = [PersonFactory(), PersonFactory(), ManagerFactory()]

    def moment(self) -> Any:  # noqa: ANN401  (factories take anything)
        return self.begin + timedelta(seconds=self.random.randrange(20))

    def add(self) -> None:
        """One row of every list."""
        with transaction.atomic():
            newcomer = PersonFactory(first_seen=self.moment(), last_seen=self.moment())
            ChatFactory(waiting_since=self.moment(), last_message_at=self.moment())
            message = self.message(self.random.choice([*self.people, newcomer, newcomer]))
            if self.random.random() < 0.6:
                AnalysisFactory(message=message, is_urgent=self.random.random() < 0.5)
            ResponseFactory(chat=self.random.choice(self.chats))

    def message(self, person: Any) -> Message:  # noqa: ANN401  (a factory's row)
        words = self.random.choices(["роза", "розы, розы", "тюльпан", "привет"], k=2)
        return MessageFactory(
            chat=self.random.choice(self.chats),
            user=person,
            text=" ".join(words),
            timestamp=self.moment(),
            message_type=self.random.choice([Message.Type.TEXT, Message.Type.PHOTO]),
        )


@contextmanager
def writing(hub: Hub) -> Iterator[Callable[[], None]]:
    """Another thread commits rows; yields what lets it begin one more, and waits until one is committed.

    It is one row ahead, so that it writes while a page is read, and no faster than pages are read, or whoever
    reads three rows a page would never arrive.
    """
    is_over, ticks, permits = threading.Event(), threading.Semaphore(0), threading.Semaphore(1)
    failures: list[BaseException] = []

    def write() -> None:
        try:
            while permits.acquire() and not is_over.is_set():
                hub.add()
                ticks.release()
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    def wait() -> None:
        permits.release()
        assert ticks.acquire(timeout=WAIT_SECONDS), failures

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield wait
    finally:
        is_over.set()
        permits.release()
        thread.join()
    assert not failures


def follow(
    reader: Caller, url: str, link: str, between: Callable[[], None] = lambda: None
) -> Iterator[dict[str, Any]]:
    """Page after page."""
    while url:
        answer = reader.follow(url)
        assert answer.status_code == 200, answer.content
        yield answer.json()
        url = answer.json()[link]
        between()


def ids(page: dict[str, Any]) -> list[int]:
    return [row.get("id", row.get("chat_id")) for row in page["results"]]


def walk(
    reader: Caller, url: str, link: str = "next", between: Callable[[], None] = lambda: None
) -> list[int]:
    return list(itertools.chain.from_iterable(map(ids, follow(reader, url, link, between))))


LISTS = [
    "messages?",
    "messages?chat_id={chat}",
    "messages?clients_only=true&exclude_automatic=true",
    "messages?has_intent=question",
    "messages?urgent=false&message_type=photo",
    "messages?role=manager&days=1",
    "messages?chat_id={chat}&user_id={person}",
    "messages?search=роза",
    "messages?search=роза&ordering=rank",
    "messages?search=роза&chat_id={chat}&highlight=1",
    "clients?",
    "clients?ordering=active&include_staff=true",
    "clients?search=Человек",
    "clients/{person}/messages?",
    "clients/{person}/messages?search=тюльпан&ordering=rank",
    "chats?",
    "chats?ordering=active",
    "chats?waiting=true",
    "chats/{chat}/participants?",
    "sandbox/pending?",
    "analytics/unanswered?hours=100",
]


@pytest.fixture(params=[False, True], ids=["open", "limited"])
def hub_and_reader(request: pytest.FixtureRequest) -> tuple[Hub, Caller]:
    hub = Hub(seed=FIRST_ROWS)
    for _ in range(FIRST_ROWS):
        hub.add()
    key, secret = create_key(name="reader", scopes=[Scope.READ])
    if request.param:
        seen = [hub.chats[0].pk, *Chat.objects.order_by("id").values_list("pk", flat=True)[5:25]]
        ApiKey.objects.filter(pk=key.pk).update(chat_ids=seen)
    return hub, Caller(secret)


@pytest.mark.parametrize("path", LISTS)
def test_no_row_twice_and_none_missing(hub_and_reader: tuple[Hub, Caller], path: str) -> None:
    hub, reader = hub_and_reader
    url = reader.url(path.format(chat=hub.chats[0].pk, person=hub.people[0].pk))
    before = walk(reader, f"{url}&limit=1000")
    assert len(before) == len(set(before))

    with writing(hub) as wait:
        pages = list(follow(reader, f"{url}&limit=3", "next", wait))
        seen = list(itertools.chain.from_iterable(map(ids, pages)))

        assert len(seen) == len(set(seen)), "twice"
        assert set(before) <= set(seen), "missing"
        assert [pk for pk in seen if pk in set(before)] == before, "in another order"

        back = walk_back(reader, pages[-1], wait)

    assert len(back) == len(set(back)), "twice on the way back"
    assert set(before) <= set(back), "missing on the way back"
    assert [pk for pk in back if pk in set(before)] == before, "in another order on the way back"


def walk_back(reader: Caller, last: dict[str, Any], between: Callable[[], None]) -> list[int]:
    """The list from its beginning up to the end of the page, read by `previous`.

    Rows are added at the head too; so many pages must be enough.
    """
    found = ids(last)
    url = last["previous"]
    for page in itertools.islice(follow(reader, url, "previous", between) if url else (), 300):
        found = [*ids(page), *found]
    return found
