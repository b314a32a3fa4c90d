"""What chats and people are left with when a history was made up: who waits since when, who was seen last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

_PEOPLE = """
UPDATE users SET first_seen = fresh.first_seen, last_seen = fresh.last_seen
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS fresh (id, first_seen, last_seen)
 WHERE users.id = fresh.id
"""
_CHATS = """
UPDATE chats SET last_message_at = %s, waiting_since = %s, answered_at = %s, answered_message_id = %s
 WHERE id = %s
"""


@dataclass
class ChatState:
    """What has been said so far in a chat; `answered` is the newest answer with its number."""

    count: int = 0
    last: datetime | None = None
    waiting: datetime | None = None
    answered: tuple[datetime, int] | None = None

    def note(self, at: datetime, number: int, *, answers: bool, asks: bool) -> None:
        """One more message, of our side, of the client's, or of neither."""
        self.count, self.last = self.count + 1, at
        if answers:
            self.waiting, self.answered = None, (at, number)
        elif asks and self.waiting is None:
            self.waiting = at


def note_people(connection: psycopg.Connection[Any], seen: Mapping[int, tuple[datetime, datetime]]) -> None:
    """When each person was seen first and last."""
    if seen:
        first, last = zip(*seen.values(), strict=True)
        connection.execute(_PEOPLE, [list(seen), list(first), list(last)])


def note_chats(connection: psycopg.Connection[Any], states: Mapping[int, ChatState]) -> None:
    """Who waits where, as `messaging.activity` would say."""
    for chat_id, state in states.items():
        answered_at, answered_by = state.answered or (None, None)
        connection.execute(_CHATS, [state.last, state.waiting, answered_at, answered_by, chat_id])
