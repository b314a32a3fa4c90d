"""Messages reach followers of the feed: none skipped, none of before, in batches."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.keys import create_key
from messaging import announcing
from messaging.chats import follow_migration
from messaging.models import Message
from messaging.tasks import announce_messages
from tests.api.test_feed import settle
from tests.factories import ChatFactory, MessageFactory, PersonFactory
from tests.marks import committed

pytestmark = committed

MakeEndpoint = Callable[..., WebhookEndpoint]


def batches(endpoint: WebhookEndpoint) -> list[dict[str, Any]]:
    rows = WebhookDelivery.objects.filter(endpoint=endpoint, event=Event.MESSAGE_NEW).order_by("pk")
    return [json.loads(row.payload)["data"] for row in rows]


def announce() -> int:
    """When no transaction of another test hides what was stored."""
    settle()
    return announce_messages()


def told(endpoint: WebhookEndpoint) -> list[int]:
    return [message["id"] for batch in batches(endpoint) for message in batch["messages"]]


@pytest.fixture
def follower(make_endpoint: MakeEndpoint) -> WebhookEndpoint:
    """One that has found its place."""
    endpoint = make_endpoint(events=[Event.MESSAGE_NEW])
    assert announce() == 0
    return endpoint


def test_new_messages_come_as_the_api_has_them(follower: WebhookEndpoint, client: Client) -> None:
    message = MessageFactory.create(text="Есть роза?")

    assert announce() == 1
    assert announce() == 0

    [batch] = batches(follower)
    _key, text = create_key(name="reader", scopes=["read"])
    listed = client.get("/api/v1/messages", headers={"X-API-Key": text}).json()["results"]
    assert batch["messages"] == listed
    assert batch["messages"][0]["id"] == message.pk
    after = client.get("/api/v1/messages", {"after": batch["cursor"]}, headers={"X-API-Key": text}).json()
    assert after["results"] == []


def test_what_was_said_before_the_webhook_is_no_news(make_endpoint: MakeEndpoint) -> None:
    MessageFactory.create()
    endpoint = make_endpoint(events=[Event.MESSAGE_NEW])

    assert announce() == 0
    later = MessageFactory.create()
    assert announce() == 1

    assert told(endpoint) == [later.pk]


def test_edits_and_transcripts_come_again(follower: WebhookEndpoint) -> None:
    message = MessageFactory.create()
    announce()

    Message.objects.filter(pk=message.pk).update(text="стало")
    announce()
    Message.objects.filter(pk=message.pk).update(transcript="слова")
    announce()
    Message.objects.filter(pk=message.pk).update(transcript_state="done")  # nobody reads that
    announce()

    assert told(follower) == [message.pk] * 3
    assert [batch["messages"][0]["transcript"] for batch in batches(follower)] == ["", "", "слова"]


def test_imported_history_is_no_news(follower: WebhookEndpoint) -> None:
    MessageFactory.create(source=Message.Source.IMPORT)

    assert announce() == 0


def test_many_messages_come_in_batches(follower: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "MOST_MESSAGES", 3)
    chat, person = ChatFactory.create(), PersonFactory.create()
    with transaction.atomic():  # of one transaction: told apart by their keys
        first = [message.pk for message in MessageFactory.create_batch(7, chat=chat, user=person)]
    second = [message.pk for message in MessageFactory.create_batch(2, chat=chat, user=person)]

    assert announce() == 3

    assert [len(batch["messages"]) for batch in batches(follower)] == [3, 3, 3]
    assert told(follower) == first + second


def test_a_message_that_commits_late_is_not_skipped(follower: WebhookEndpoint) -> None:
    # Elsewhere and by somebody else: of one chat or person there is one writer at a time.
    chats, people = ChatFactory.create_batch(2), PersonFactory.create_batch(2)
    began, may_commit = threading.Event(), threading.Event()
    late: list[int] = []

    def store_slowly() -> None:
        with transaction.atomic():
            late.append(MessageFactory.create(chat=chats[0], user=people[0]).pk)
            began.set()
            may_commit.wait(20)
        connection.close()

    thread = threading.Thread(target=store_slowly)
    thread.start()
    assert began.wait(20)
    quick = MessageFactory.create(chat=chats[1], user=people[1]).pk
    announce_messages()
    meanwhile = told(follower)
    may_commit.set()
    thread.join()
    announce()

    assert meanwhile == []  # a later one waits for those that could precede it
    assert told(follower) == [*late, quick]


def test_only_the_chats_that_it_may_hear(make_endpoint: MakeEndpoint) -> None:
    here, elsewhere = ChatFactory.create_batch(2)
    endpoint = make_endpoint(events=[Event.MESSAGE_NEW], chat_ids=[here.pk])
    announce()
    wanted = MessageFactory.create(chat=here)
    MessageFactory.create_batch(3, chat=elsewhere)

    assert announce() == 1

    assert told(endpoint) == [wanted.pk]
    # What was left out is not passed over again: the place is behind it.
    endpoint.refresh_from_db()
    newest = Message.objects.order_by("-changed_xid").values_list("changed_xid", flat=True)[0]
    assert endpoint.feed_xid > newest


def test_a_group_is_heard_on_after_it_became_a_supergroup(make_endpoint: MakeEndpoint) -> None:
    group = ChatFactory.create()
    endpoint = make_endpoint(events=[Event.MESSAGE_NEW], chat_ids=[group.pk])
    everywhere = make_endpoint(name="everywhere", events=[Event.MESSAGE_NEW])
    announce()

    follow_migration(old_id=group.pk, new_id=-1009)
    message = MessageFactory.create(chat_id=-1009)
    announce()

    assert told(endpoint) == told(everywhere) == [message.pk]
    everywhere.refresh_from_db()
    assert everywhere.chat_ids == []


def test_a_key_that_may_not_read_hears_no_messages(make_endpoint: MakeEndpoint) -> None:
    keys = {scope: create_key(name=scope, scopes=[scope])[0] for scope in ("propose", "read", "admin")}
    endpoints = {
        scope: make_endpoint(name=scope, key=key, events=[Event.MESSAGE_NEW]) for scope, key in keys.items()
    }
    announce()
    MessageFactory.create()

    assert announce() == 2

    assert [scope for scope, endpoint in endpoints.items() if told(endpoint)] == ["read", "admin"]


def test_a_paused_follower_goes_on_where_it_stood(follower: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.update(paused_at=timezone.now())
    message = MessageFactory.create()
    assert announce() == 0

    WebhookEndpoint.objects.update(paused_at=None)
    assert announce() == 1

    assert told(follower) == [message.pk]


def test_a_place_from_before_a_restore_begins_anew(follower: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.update(feed_xid=2**60)
    assert announce() == 0
    message = MessageFactory.create()

    assert announce() == 1

    assert told(follower) == [message.pk]


def test_two_workers_tell_a_message_once(follower: WebhookEndpoint) -> None:
    MessageFactory.create_batch(5)
    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        announce()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    announce()

    ids = told(follower)
    assert len(ids) == len(set(ids)) == 5


def test_a_batch_of_updates_tells_a_worker_only_where_somebody_follows(
    make_endpoint: MakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bots.models import TelegramBot
    from bots.raw_updates import store_updates
    from bots.updates import parse_all_waiting_updates
    from cvgorod_hub.api.hooks import followers
    from tests.bots.realistic import message, update

    nudged: list[str] = []
    monkeypatch.setattr(announcing, "nudge", lambda task: nudged.append(task.task))
    TelegramBot.objects.create(id=77)

    def receive(number: int) -> None:
        store_updates(bot_id=77, raw=[update(number, "message", message(message_id=number, text="да"))])
        parse_all_waiting_updates(bot_id=77)

    receive(1)
    assert nudged == []
    make_endpoint(events=[Event.MESSAGE_NEW])
    monkeypatch.setattr(followers, "_memory", [(False, 0.0)])
    receive(2)
    assert nudged == [announcing.ANNOUNCE]
