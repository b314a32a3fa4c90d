"""A wholesaler's messages into a database, by COPY."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from clients.models import TelegramUser
from cvgorod_hub.seeding.activity import note_chats, note_people
from cvgorod_hub.seeding.copying import Table, without_indexes
from intents.models import MessageAnalysis
from messaging.models import Chat, Message, MessageVersion
from sandbox.models import PendingResponse, ResponseEvent
from tests.bench.api.population import (
    AT_ONCE,
    CHATS,
    PENDING,
    PEOPLE,
    SENT_PER_MILLION,
    History,
    chat_id,
    make_chunk,
    person_id,
    role_of,
)
from tests.bench.api.words import make_text


def load(url: str, size: int) -> None:
    """Fill an empty, migrated database with the last `size` messages of such a history; then ANALYZE."""
    began = time.monotonic()
    now = datetime.now(UTC).replace(microsecond=0)
    history = History(size=size, now=now)
    with psycopg.connect(url) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        load_people_and_chats(connection, history)
        with without_indexes(connection, "messages"), without_indexes(connection, "message_analysis"):
            load_messages(connection, history)
        load_replies(connection, history)
        note_people(connection, {person_id(number): seen for number, seen in history.seen.items()})
        note_chats(connection, {chat_id(place): state for place, state in enumerate(history.chats)})
        connection.commit()
        load_drafts(connection, history, range(PENDING // 2, PENDING))
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")
    print(f"loaded {size} messages in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201


def load_people_and_chats(connection: psycopg.Connection[Any], history: History) -> None:
    roles = dict(connection.execute("SELECT role_name, id FROM user_roles").fetchall())
    now, start = history.now, history.moment(0)
    people = Table(
        TelegramUser,
        "id",
        "username",
        "first_name",
        "last_name",
        "role_id",
        "first_seen",
        "last_seen",
        now=now,
    )
    people.copy(
        connection,
        (
            (person_id(n), f"example_{n}", f"Имя{n}", "Примеров", roles[role_of(n)], start, start)
            for n in range(PEOPLE)
        ),
    )
    chats = Table(Chat, "id", "name", "chat_type", "folder", "customer_ref", "created_at", now=now)
    chats.copy(
        connection,
        (
            (
                chat_id(n),
                f"Салон {n}",
                "supergroup",
                f"Папка {n % 9}",
                f"КА-{n:08}",
                start + timedelta(hours=n),
            )
            for n in range(CHATS)
        ),
    )
    connection.commit()


def load_messages(connection: psycopg.Connection[Any], history: History) -> None:
    now = history.now
    messages = Table(
        Message,
        *("id", "chat_id", "telegram_message_id", "user_id", "text", "message_type", "transcript_state"),
        *("transcript", "reply_to_message_id", "timestamp", "edited_at", "source", "created_at"),
        now=now,
    )
    analyses = Table(
        MessageAnalysis,
        *("message_id", "intent", "sentiment", "is_urgent", "confidence", "source", "model_used"),
        *("tokens_used", "created_at", "updated_at"),
        now=now,
    )
    versions = Table(MessageVersion, "message_id", "text", "valid_from", now=now)
    last_chunk = (history.size - 1) // AT_ONCE * AT_ONCE
    for first in range(0, history.size, AT_ONCE):
        if first == last_chunk:
            load_drafts(connection, history, range(PENDING // 2))
        chunk = make_chunk(history, range(first, min(first + AT_ONCE, history.size)))
        messages.copy(connection, chunk.messages)
        analyses.copy(connection, chunk.analyses)
        versions.copy(connection, chunk.versions)
        connection.commit()
    connection.execute("SELECT setval(pg_get_serial_sequence('messages', 'id'), %s)", [history.size])


def load_drafts(connection: psycopg.Connection[Any], history: History, numbers: range) -> None:
    """Replies that wait; those that are loaded before the last messages are stale where a person wrote."""
    drafts = Table(
        PendingResponse,
        *(
            "chat_id",
            "client_name",
            "response_text",
            "original_text",
            "context",
            "requested_by",
            "created_at",
        ),
        now=history.now,
    )
    drafts.copy(connection, (draft(n, history) for n in numbers))


def draft(number: int, history: History) -> tuple[object, ...]:
    chat, text = number % CHATS, make_text(number * 7 + 3, history.dice)
    at = history.now - timedelta(minutes=PENDING - number)
    return chat_id(chat), f"Салон {chat}", text, text, "Клиент спросил о цене.", "agent", at


def load_replies(connection: psycopg.Connection[Any], history: History) -> None:
    """Replies that were sent, and their log."""
    count = SENT_PER_MILLION * history.size // 1_000_000
    replies = Table(
        PendingResponse,
        *("id", "chat_id", "client_name", "response_text", "original_text", "requested_by", "created_at"),
        *("status", "approved_by", "approved_at", "sent_at", "telegram_message_id", "attempts"),
        now=history.now,
    )
    moments = [history.moment(n * history.size // count) for n in range(count)]
    first = 1_000_000
    replies.copy(
        connection,
        (
            (
                *(first + n, chat_id(n % CHATS), f"Салон {n % CHATS}", text, text, "agent", at, "sent"),
                *("manager", at, at, n, 1),
            )
            for n, at in enumerate(moments)
            for text in [make_text(n * 11 + 5, history.dice)]
        ),
    )
    events = Table(ResponseEvent, "response_id", "kind", "actor_name", "created_at", now=history.now)
    kinds = (("proposed", "agent"), ("approved", "manager"), ("claimed", "hub"), ("sent", "hub"))
    events.copy(
        connection,
        ((first + n, kind, actor, at) for n, at in enumerate(moments) for kind, actor in kinds),
    )
    connection.execute(
        "SELECT setval(pg_get_serial_sequence('pending_responses', 'id'), max(id)) FROM pending_responses"
    )
    connection.commit()
