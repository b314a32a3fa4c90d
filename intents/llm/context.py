"""What was said around a short message: without it nobody knows what "да" or "+" means."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection

from clients.models import RoleName
from intents.llm.prompt import Around
from messaging.models import Message

# Characters. A longer message says by itself what it means.
SHORT = 40
# So many messages, of so many hours before, and so many characters of each are enough to know.
MOST_BEFORE, HOURS_BEFORE, MOST_CHARACTERS = 3, 12, 200

Context = tuple[tuple[Around, ...], Around | None]

# The few before each in its chat, and the one that it answers, in one statement for all.
_SELECT = r"""
SELECT asked.id, 'before' AS kind, said.role_name, said.words, said.timestamp, said.id
  FROM messages AS asked
 CROSS JOIN LATERAL (
    SELECT role.role_name, m.timestamp, m.id,
           left(concat_ws(E'\n', nullif(m.text, ''), nullif(m.transcript, '')), %(characters)s) AS words
      FROM messages AS m
      LEFT JOIN users AS u ON u.id = m.user_id
      LEFT JOIN user_roles AS role ON role.id = u.role_id
     WHERE m.chat_id = asked.chat_id AND (m.timestamp, m.id) < (asked.timestamp, asked.id)
       AND m.timestamp > asked.timestamp - make_interval(hours => %(hours)s)
       AND m.deleted_at IS NULL AND m.message_type <> 'service' AND (m.text <> '' OR m.transcript <> '')
       AND (asked.reply_to_message_id IS NULL
            OR m.telegram_message_id IS DISTINCT FROM asked.reply_to_message_id)
     ORDER BY m.timestamp DESC, m.id DESC
     LIMIT %(most)s
 ) AS said
 WHERE asked.id = ANY(%(ids)s)
UNION ALL
SELECT asked.id, 'reply_to', role.role_name,
       left(concat_ws(E'\n', nullif(m.text, ''), nullif(m.transcript, '')), %(characters)s), m.timestamp, m.id
  FROM messages AS asked
  JOIN messages AS m ON m.chat_id = asked.chat_id AND m.telegram_message_id = asked.reply_to_message_id
   AND m.numbered_by = asked.numbered_by AND m.business_connection_id = asked.business_connection_id
  LEFT JOIN users AS u ON u.id = m.user_id
  LEFT JOIN user_roles AS role ON role.id = u.role_id
 WHERE asked.id = ANY(%(ids)s) AND m.deleted_at IS NULL AND (m.text <> '' OR m.transcript <> '')
 ORDER BY 1, 5 DESC, 6 DESC
"""


def is_short(words: str) -> bool:
    """Whether a message needs its context."""
    return len(words.strip()) <= SHORT


def contexts_of(messages: Sequence[Message]) -> dict[int, Context]:
    """By the message's key: what was said before it, oldest first, and what it answers; one query for all."""
    if not messages:
        return {}
    before: dict[int, list[Around]] = defaultdict(list)
    answered: dict[int, Around] = {}
    for key, kind, role, words, _timestamp, _id in _rows([message.pk for message in messages]):
        said = Around(role or RoleName.CLIENT, words)
        if kind == "before":
            before[key].append(said)
        else:
            answered[key] = said
    keys = [message.pk for message in messages]
    return {key: (tuple(before[key][::-1]), answered.get(key)) for key in keys}


def _rows(keys: list[int]) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "ids": keys,
        "characters": MOST_CHARACTERS,
        "hours": HOURS_BEFORE,
        "most": MOST_BEFORE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, values)
        return list(cursor.fetchall())
