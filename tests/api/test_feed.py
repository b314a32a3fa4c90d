"""The feed: every change once it is settled, in order, none skipped."""

import time
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from cvgorod_hub.api.keysets import Cursor
from messaging.models import Message
from tests.api.conftest import Caller
from tests.factories import NOW, AnalysisFactory, ChatFactory, MessageFactory
from tests.marks import committed


def settle() -> None:
    """Wait until every transaction that runs now has ended.

    Snapshots know the transactions of the whole server, and tests in other processes share it.
    """
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        now = cursor.fetchone()[0]
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s::bigint", [now])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("a transaction of another test has not ended in a minute")


def take(reader: Caller, url: str | None = None, **parameters: object) -> tuple[list[int], str]:
    """Ids of a page of the feed, and where to go on."""
    answer = reader.follow(url) if url else reader.get("messages", **{"after": "", **parameters})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert set(body) == {"next", "previous", "results"}
    assert body["previous"] is None
    return [row["id"] for row in body["results"]], body["next"]


pytestmark = committed


def test_from_the_beginning_in_the_order_of_arrival(reader: Caller) -> None:
    first = MessageFactory(timestamp=NOW)
    second = MessageFactory(timestamp=NOW - timedelta(days=1))
    third = MessageFactory(timestamp=NOW + timedelta(days=1))

    settle()
    ids, url = take(reader)

    assert ids == [first.pk, second.pk, third.pk]
    assert take(reader, url)[0] == []


def test_an_empty_page_keeps_the_cursor(reader: Caller) -> None:
    MessageFactory()
    settle()
    _ids, url = take(reader)

    ids, again = take(reader, url)

    assert ids == []
    assert again == url


def test_an_empty_hub_gives_a_cursor_too(reader: Caller) -> None:
    ids, url = take(reader)
    assert ids == []

    message = MessageFactory()
    settle()

    assert take(reader, url)[0] == [message.pk]


def test_latest_begins_now(reader: Caller) -> None:
    MessageFactory()
    settle()

    ids, url = take(reader, after="latest")
    assert ids == []
    message = MessageFactory()
    settle()

    assert take(reader, url)[0] == [message.pk]


def test_pages_of_the_feed(reader: Caller) -> None:
    stored = [MessageFactory().pk for _ in range(7)]
    settle()

    seen: list[int] = []
    ids, url = take(reader, limit=3)
    while ids:
        assert len(ids) <= 3
        seen += ids
        ids, url = take(reader, url)

    assert seen == stored


def test_a_change_brings_the_message_back_as_it_is_now(reader: Caller) -> None:
    message, other = MessageFactory(text="Сорок роз"), MessageFactory()
    settle()
    _ids, url = take(reader)

    Message.objects.filter(pk=message.pk).update(text="Пятьдесят роз", edited_at=NOW)
    settle()

    body = reader.follow(url).json()
    assert [(row["id"], row["text"]) for row in body["results"]] == [(message.pk, "Пятьдесят роз")]
    Message.objects.filter(pk=other.pk).update(transcript="Алло")
    settle()
    assert take(reader, body["next"])[0] == [other.pk]


def test_filters_narrow_the_feed(reader: Caller) -> None:
    chat = ChatFactory()
    wanted = MessageFactory(chat=chat)
    MessageFactory()
    AnalysisFactory(message=wanted, is_urgent=True)
    settle()

    ids, url = take(reader, chat_id=chat.pk, urgent="true")
    assert ids == [wanted.pk]
    MessageFactory()
    settle()

    assert f"chat_id={chat.pk}" in url
    assert take(reader, url)[0] == []


@pytest.fixture
def other_connection(db: None) -> Iterator[psycopg.Connection]:
    """A second writer, as another collector or an import would be."""
    connection.ensure_connection()
    parameters = connection.get_connection_params()
    with psycopg.connect(
        **{
            name: parameters[name]
            for name in ("dbname", "user", "password", "host", "port")
            if name in parameters
        }
    ) as other:
        yield other


INSERT = """
INSERT INTO messages (chat_id, telegram_message_id, text, message_type, timestamp, business_connection_id,
                      media_group_id, forwarded_from, media, transcript_state, transcript, source, created_at,
                      changed_xid)
VALUES (%s, %s, '', 'text', now(), '', '', '', '{}', '', '', 'telegram', now(), 0) RETURNING id
"""


def test_what_commits_late_is_not_skipped(reader: Caller, other_connection: psycopg.Connection) -> None:
    chat = ChatFactory()
    early = MessageFactory(chat=chat)
    settle()
    # A transaction begins and stores a message, but ends only after later ones have ended.
    slow = other_connection.execute(INSERT, (chat.pk, 900_001)).fetchone()
    quick = MessageFactory(chat=chat)

    ids, url = take(reader)
    assert ids == [early.pk], "the quick one waits for the slow one before it"
    assert take(reader, url) == ([], url)

    other_connection.commit()
    settle()
    assert slow is not None
    ids, url = take(reader, url)
    assert ids == [slow[0], quick.pk]
    assert take(reader, url)[0] == []


def test_latest_does_not_skip_what_is_being_stored(
    reader: Caller, other_connection: psycopg.Connection
) -> None:
    chat = ChatFactory()
    slow = other_connection.execute(INSERT, (chat.pk, 900_001)).fetchone()

    _ids, url = take(reader, after="latest")
    other_connection.commit()
    settle()

    assert slow is not None
    assert take(reader, url)[0] == [slow[0]]


def test_what_was_rolled_back_never_was(reader: Caller, other_connection: psycopg.Connection) -> None:
    chat = ChatFactory()
    other_connection.execute(INSERT, (chat.pk, 900_001))
    _ids, url = take(reader)

    other_connection.rollback()
    message = MessageFactory(chat=chat)
    settle()

    assert take(reader, url)[0] == [message.pk]


@pytest.mark.parametrize("after", ["x", "newest", "W10", "LATEST"])
def test_a_broken_cursor_is_a_400(reader: Caller, after: str) -> None:
    answer = reader.get("messages", after=after)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"after"}


def test_a_page_is_no_feed(reader: Caller) -> None:
    MessageFactory.create_batch(2)
    page = reader.get("messages", limit=1).json()["next"]

    answer = reader.follow(f"{page}&after=")

    assert answer.status_code == 400
    assert answer.json()["errors"] == {"after": ["Give after or cursor, not both."]}


def test_imported_history_is_no_news(reader: Caller) -> None:
    message = MessageFactory(text="Сейчас")
    brought = MessageFactory(chat=message.chat, text="Давно", source=Message.Source.IMPORT)

    settle()

    assert take(reader)[0] == [message.pk]
    listed = reader.get("messages").json()["results"]
    assert {row["id"] for row in listed} == {message.pk, brought.pk}


def test_a_place_of_another_database_is_a_400_and_no_silence(reader: Caller) -> None:
    """After a restore transactions are counted anew: what is new would pass such an agent by."""
    MessageFactory()
    settle()
    ahead = Cursor((2**62, 1)).encode()

    answer = reader.get("messages", after=ahead)

    assert answer.status_code == 400
    assert "restored from a backup" in answer.json()["errors"]["after"][0]
