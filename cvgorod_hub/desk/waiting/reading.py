"""Who waits for an answer, with what was said last. Since when stands on the chat (messaging/activity.py)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from clients.models import TelegramUser
from cvgorod_hub.common.admin import excerpt
from cvgorod_hub.common.together import Question
from cvgorod_hub.desk.durations import by_the_clock, in_words
from cvgorod_hub.desk.rights import User, may_see_drafts, may_see_meanings
from cvgorod_hub.desk.work_time import WorkTime
from intents.labels import Intent
from messaging.conversation_links import conversation_url
from messaging.models import Message

# Working time after which a wait is shown as long, and as very long.
LONG, VERY_LONG = timedelta(hours=1), timedelta(hours=4)
EXCERPT = 220

# A group that became a supergroup goes on there; what was asked before is asked still. Each of its parts is
# read by the chat's own index, or a wait of months would have all chats read since. Whether somebody is
# a client is asked row by row, as in messaging/activity.py. All drafts that wait are few beside a history.
_DRAFTS = """
drafts AS MATERIALIZED (
    SELECT coalesce(chats.migrated_to_id, chats.id) AS chat_id, count(*) AS number, min(reply.id) AS first
      FROM pending_responses AS reply JOIN chats ON chats.id = reply.chat_id
     WHERE reply.status = 'pending' GROUP BY 1
)
"""
_PARTS = "(SELECT waiting.id UNION ALL SELECT old.id FROM chats AS old WHERE old.migrated_to_id = waiting.id)"
_IS_URGENT = f"""
EXISTS (
    SELECT FROM urgent_messages AS urgent
     WHERE urgent.said_at >= waiting.waiting_since AND urgent.chat_id IN {_PARTS}
)
"""  # nosec B608 (of constants)
_WAITING = f"""
WITH {_DRAFTS}, waiting AS MATERIALIZED (
    SELECT id, name, time_zone, waiting_since FROM chats
     WHERE waiting_since IS NOT NULL AND (%(chats)s::bigint[] IS NULL OR id = ANY (%(chats)s::bigint[]))
     ORDER BY waiting_since, id LIMIT %(most)s::bigint
)
SELECT waiting.id, waiting.name, waiting.time_zone, waiting.waiting_since, last.*,
       coalesce(drafts.number, 0) AS drafts, drafts.first AS draft,
       {_IS_URGENT} AS is_urgent
  FROM waiting
  LEFT JOIN drafts ON drafts.chat_id = waiting.id
  LEFT JOIN LATERAL (
    SELECT newest.*, (SELECT intent FROM message_analysis WHERE message_id = newest.message) AS intent
      FROM {_PARTS} AS part, LATERAL (
        SELECT said.id AS message, said.text, said.transcript, said.message_type, said.erased_for,
               said.timestamp AS said_at,
               author.first_name, author.last_name, author.username, said.user_id
          FROM messages AS said
          JOIN LATERAL (
            SELECT users.* FROM users JOIN user_roles ON user_roles.id = users.role_id
             WHERE users.id = said.user_id AND NOT user_roles.is_staff AND NOT user_roles.is_bot OFFSET 0
          ) AS author ON true
         WHERE said.chat_id = part.id
           AND said.timestamp >= waiting.waiting_since AND said.source = 'telegram'
           AND said.message_type <> 'service' AND said.deleted_at IS NULL AND said.erased_for <> 'request'
         ORDER BY said.timestamp DESC, said.id DESC LIMIT 1
      ) AS newest
     ORDER BY newest.said_at DESC, newest.message DESC LIMIT 1
  ) AS last ON true
 ORDER BY waiting.waiting_since, waiting.id
"""  # noqa: S608
_ORDER = f"""
WITH {_DRAFTS}
SELECT waiting.id, waiting.time_zone, waiting.waiting_since, drafts.number IS NOT NULL AS has_draft,
       {_IS_URGENT} AS is_urgent
  FROM chats AS waiting LEFT JOIN drafts ON drafts.chat_id = waiting.id
 WHERE waiting.waiting_since IS NOT NULL
"""  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One chat whose client waits."""

    chat_id: int
    chat: str
    since: datetime
    working: timedelta
    wall: timedelta
    said: str
    said_by: str
    said_at: datetime | None
    intent: str
    is_urgent: bool
    drafts: int
    draft_id: int | None
    link: str

    @property
    def working_in_words(self) -> str:
        return in_words(self.working)

    @property
    def wall_in_words(self) -> str:
        return by_the_clock(self.wall)

    @property
    def is_within_hours(self) -> bool:
        """Whether both times are the same, as people read them."""
        return self.working_in_words == self.wall_in_words

    @property
    def level(self) -> str:
        """How long it is: "", "long" or "very-long"."""
        if self.working >= VERY_LONG:
            return "very-long"
        return "long" if self.working >= LONG else ""


def ask_waiting(*, most: int, chats: Collection[int] | None = None) -> Question:
    """The longest waits, by the clock, among these chats (None: all)."""
    return Question(_WAITING, {"chats": None if chats is None else list(chats), "most": most})


def ask_order() -> Question:
    """Everybody who waits, in brief: whom the board shows first is known when all are compared."""
    return Question(_ORDER)


def longest_first(rows: Iterable[dict[str, Any]], work: WorkTime) -> list[int]:
    """The chats of `ask_order()` by working time, by the clock where that is the same."""
    now = timezone.now()

    def how_long(row: dict[str, Any]) -> tuple[timedelta, timedelta, int]:
        since = datetime.fromisoformat(row["waiting_since"])
        return work.between(since, now, zone=row["time_zone"]), now - since, row["id"]

    return [row["id"] for row in sorted(rows, key=how_long, reverse=True)]


def read_waits(rows: Iterable[dict[str, Any]], work: WorkTime, user: User) -> list[Wait]:
    """By `ask_waiting()`, the longest in working time first; what the user may not see is left out."""
    now = timezone.now()
    waits = [_read(row, work, user, now) for row in rows]
    return sorted(waits, key=lambda wait: (wait.working, wait.wall, wait.chat_id), reverse=True)


def _read(row: dict[str, Any], work: WorkTime, user: User, now: datetime) -> Wait:
    since = datetime.fromisoformat(row["waiting_since"])
    sees_meaning = may_see_meanings(user)
    sees_drafts = may_see_drafts(user)
    return Wait(
        chat_id=row["id"],
        chat=row["name"] or str(row["id"]),
        since=since,
        working=work.between(since, now, zone=row["time_zone"]),
        wall=max(now - since, timedelta()),
        said=what_was_said(row),
        said_by=who_said(row),
        said_at=datetime.fromisoformat(row["said_at"]) if row["said_at"] else None,
        intent=str(Intent(row["intent"]).label) if sees_meaning and row["intent"] else "",
        is_urgent=sees_meaning and row["is_urgent"],
        drafts=row["drafts"] if sees_drafts else 0,
        draft_id=row["draft"] if sees_drafts else None,
        link=conversation_url(row["id"], row["message"]) if row["message"] else "",
    )


def what_was_said(row: dict[str, Any]) -> str:
    """The beginning of the words, or what kind of message it is."""
    if not row["message"]:
        return ""
    if words := row["text"] or row["transcript"]:
        return excerpt(words, EXCERPT)
    kind = Message(message_type=row["message_type"], erased_for=row["erased_for"])
    return f"[{kind.get_erased_for_display() if kind.erased_for else kind.get_message_type_display()}]"


def who_said(row: dict[str, Any]) -> str:
    """By `first_name`, `last_name`, `username` and `user_id`."""
    if row["user_id"] is None:
        return ""
    names = {name: row[name] for name in ("first_name", "last_name", "username")}
    return TelegramUser(id=row["user_id"], **names).display_name
