"""An old database as large as a real one: the invented history of seed_demo, as the old hub wrote it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from cvgorod_hub.seeding.copying import NULL, escaped
from cvgorod_hub.seeding.history import Chunk, History
from cvgorod_hub.seeding.identity import Cast, chat_id, chat_name, person_id, person_names
from cvgorod_hub.seeding.scenes import Script
from tests.old_hub.old_database import FIRST, LATER

UNTIL = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAYS = 1000
_MESSAGES = (
    "id, telegram_message_id, chat_id, user_id, text, message_type, reply_to_message_id, timestamp, "
    "created_at"
)
_ANALYSES = "message_id, intent, sentiment, entities, confidence, model_used, tokens_used, created_at"
Session = psycopg.Connection[tuple[Any, ...]]


def fill(url: str, messages: int) -> None:
    """So many messages; each has the meaning that the invented history gives it."""
    cast = Cast.for_messages(messages)
    history = History(
        cast=cast, scenes=Script(1).scenes(), until=UNTIL, days=DAYS, zone=ZoneInfo("Europe/Moscow"), seed=1
    )
    with psycopg.connect(url) as session:
        session.execute(FIRST)
        session.execute(LATER)
        copy(session, "users", "id, first_name, last_name, role_id", _people(cast))
        copy(session, "chats", "id, name, chat_type", _chats(cast))
        for chunk in history.chunks(messages, first_key=1):
            copy(session, "messages", _MESSAGES, _messages(chunk))
            copy(session, "message_analysis", _ANALYSES, _analyses(chunk))
        session.execute("CREATE UNIQUE INDEX ON messages (chat_id, telegram_message_id)")
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("VACUUM (ANALYZE)")


def copy(session: Session, table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    with session.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as writer:
        writer.write("".join("\t".join(map(str, row)) + "\n" for row in rows))


def _people(cast: Cast) -> Iterator[tuple[object, ...]]:
    # The roles' keys of tests/old_hub/old_database.py.
    roles = {"client": 6, "manager": 3, "director": 2, "broadcast_bot": 4, "assistant_bot": 5}
    for number in range(cast.people):
        first, last = person_names(number)
        yield person_id(number), escaped(first), escaped(last), roles[cast.role_of(number).value]


def _chats(cast: Cast) -> Iterator[tuple[object, ...]]:
    for place in range(cast.chats):
        yield chat_id(place), escaped(chat_name(place)), "supergroup"


def _messages(chunk: Chunk) -> Iterator[tuple[object, ...]]:
    for key, chat, number, person, text, kind, _state, spoken, reply, _media, at, *_rest in chunk.messages:
        words = f"[Голосовое] {spoken}" if spoken else text or "[Голосовое сообщение]"
        said = at.astimezone(UTC).replace(tzinfo=None)  # type: ignore[attr-defined]
        yield key, number, chat, person, words, kind, reply, said, said


def _analyses(chunk: Chunk) -> Iterator[tuple[object, ...]]:
    for (
        key,
        intent,
        sentiment,
        _urgent,
        entities,
        confidence,
        source,
        _pattern,
        model,
        tokens,
        at,
        _,
    ) in chunk.analyses:
        yield key, intent, sentiment, entities, confidence, model if source == "model" else NULL, tokens, at
