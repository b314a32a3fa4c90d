"""How soon clients were answered: from their first unanswered word to the first word of a person of ours.

Who asks and who answers is what messaging/activity.py says: imported history, service messages and programs do
neither. A reply that the hub sent is a word of whoever approved it. The time counts working hours only, in the
chat's own zone (sandbox/working_hours.py).

Read from the messages of the period by their time, not from a table of replies: a late message, a deletion or
a person's new role would each have to rewrite such a table, and a week is some thousand rows.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from clients.models import TelegramUser
from cvgorod_hub.common.together import Question
from cvgorod_hub.desk.work_time import WorkTime

# How far before a period its first questions are sought. A walk to the beginning of a chat would read its
# imported history, too, wherever nobody had answered yet.
LOOKS_BACK = timedelta(days=90)

# Whether a message answers (true), asks (false) or does neither (null), as messaging/activity.py has it. Few are
# of our staff or programs, so their ids are looked up once; a join would read all people there are.
_PEOPLE = """
staff AS MATERIALIZED (
    SELECT coalesce(array_agg(id), '{}') AS ids FROM users
     WHERE role_id IN (SELECT id FROM user_roles WHERE is_staff)
), programs AS MATERIALIZED (
    SELECT coalesce(array_agg(id), '{}') AS ids FROM users
     WHERE role_id IN (SELECT id FROM user_roles WHERE is_bot AND NOT is_staff)
)
"""
_IS_ANSWER = """
CASE WHEN said.message_type = 'service' THEN NULL
     WHEN said.source = 'sent' THEN true
     WHEN said.source <> 'telegram' THEN NULL
     WHEN said.user_id IS NULL THEN CASE WHEN said.sender_chat_id = said.chat_id THEN true END
     WHEN said.user_id = ANY ((SELECT ids FROM staff)::bigint[]) THEN true
     WHEN said.deleted_at IS NOT NULL OR said.user_id = ANY ((SELECT ids FROM programs)::bigint[]) THEN NULL
     ELSE false END
"""
_NUMBER = "coalesce(said.telegram_message_id, 0)"
_BEFORE = """
 said.chat_id = part.id AND said.timestamp >= %(looks_back_to)s::timestamptz AND said.timestamp < %(since)s::timestamptz
"""
# A group that became a supergroup goes on there.
_PARTS = """
 (SELECT heads.conversation AS id UNION ALL SELECT id FROM chats WHERE migrated_to_id = heads.conversation) AS part
"""
# A turn is what one side says until the other one speaks. What a chat's first turn of the period begins with may
# have been asked before: since the newest answer before the period.
REPLIES = f"""
WITH {_PEOPLE}, said AS MATERIALIZED (
    SELECT said.chat_id, said.id, said.timestamp, {_NUMBER} AS number, said.source, said.user_id,
           {_IS_ANSWER} AS is_answer
      FROM messages AS said
     WHERE said.timestamp >= %(since)s::timestamptz AND said.timestamp < %(until)s::timestamptz
), marked AS (
    SELECT said.*, conversation, lag(is_answer) OVER place AS before
      FROM said, LATERAL (
        SELECT coalesce(migrated_to_id, id) AS conversation FROM chats WHERE id = said.chat_id
      ) AS chat
     WHERE is_answer IS NOT NULL AND conversation IS DISTINCT FROM %(review_chat)s::bigint
    WINDOW place AS (PARTITION BY conversation ORDER BY timestamp, number, is_answer)
), turns AS MATERIALIZED (
    SELECT marked.*, row_number() OVER turn AS place, lag(timestamp) OVER turn AS asked_at
      FROM marked WHERE before IS DISTINCT FROM is_answer
    WINDOW turn AS (PARTITION BY conversation ORDER BY timestamp, number, is_answer)
), heads AS (
    SELECT heads.conversation, asked.at
      FROM (SELECT DISTINCT conversation FROM turns WHERE is_answer AND place <= 2) AS heads
      LEFT JOIN LATERAL (
        SELECT newest.*
          FROM {_PARTS}, LATERAL (
            SELECT said.timestamp, {_NUMBER} AS number FROM messages AS said
             WHERE {_BEFORE} AND {_IS_ANSWER} ORDER BY 1 DESC, 2 DESC LIMIT 1
          ) AS newest
         ORDER BY 1 DESC, 2 DESC LIMIT 1
      ) AS answer ON true
     CROSS JOIN LATERAL (
        SELECT min(first.timestamp) AS at
          FROM {_PARTS}, LATERAL (
            SELECT said.timestamp FROM messages AS said
             WHERE {_BEFORE} AND NOT {_IS_ANSWER} AND said.timestamp >= coalesce(answer.timestamp, '-infinity')
               AND (said.timestamp, {_NUMBER})
                   > (coalesce(answer.timestamp, '-infinity'), coalesce(answer.number, 0))
             ORDER BY 1 LIMIT 1
          ) AS first
      ) AS asked
), replies AS (
    SELECT turns.*, coalesce(CASE WHEN place <= 2 THEN heads.at END, asked_at) AS first_asked_at
      FROM turns LEFT JOIN heads USING (conversation)
     WHERE is_answer AND (asked_at IS NOT NULL OR heads.at IS NOT NULL)
), approvals AS (
    SELECT replies.id, approval.*
      FROM replies, LATERAL (
        SELECT reply.approved_by, decision.actor_user_id AS account, person.id AS person
          FROM pending_responses AS reply
          LEFT JOIN LATERAL (
            SELECT actor_user_id FROM pending_response_events
             WHERE response_id = reply.id AND kind IN ('approved', 'retried') ORDER BY id DESC LIMIT 1
          ) AS decision ON true
          LEFT JOIN users AS person ON person.staff_account_id = decision.actor_user_id
         WHERE reply.telegram_message_id IS NOT DISTINCT FROM nullif(replies.number, 0) AND reply.sent_at = replies.timestamp
           AND reply.created_at >= replies.timestamp - interval '90 days'
           AND reply.chat_id IN (
               SELECT replies.chat_id UNION ALL SELECT id FROM chats WHERE migrated_to_id = replies.chat_id)
         LIMIT 1
      ) AS approval
     WHERE replies.source = 'sent'
)
SELECT replies.id AS message, conversation AS chat, first_asked_at AS asked_at, timestamp AS answered_at,
       source = 'sent' AS is_sent, CASE WHEN source = 'sent' THEN person ELSE user_id END AS person,
       account, approved_by
  FROM replies LEFT JOIN approvals USING (id)
 ORDER BY timestamp, replies.id
"""  # noqa: S608  (constants)


def _with_names(replies: str) -> str:
    """Each with the names of the chat and of who replied, fetched row by row: few of all people."""
    return f"""
    SELECT replies.*, chats.name AS chat_name, chats.time_zone,
           author.first_name, author.last_name, author.username
      FROM ({replies}) AS replies
      JOIN chats ON chats.id = replies.chat
      LEFT JOIN LATERAL (
        SELECT first_name, last_name, username FROM users WHERE id = replies.person OFFSET 0
      ) AS author ON true
     ORDER BY replies.answered_at, replies.message
    """  # noqa: S608  (constants)


@dataclass(frozen=True, kw_only=True)
class FirstReply:
    """One answer to what was not answered yet. `who` stands for whoever answered, `name` says it to people."""

    message_id: int
    chat_id: int
    chat: str
    asked_at: datetime
    answered_at: datetime
    working: timedelta
    who: str
    name: str
    is_sent_by_hub: bool

    @property
    def wall(self) -> timedelta:
        return self.answered_at - self.asked_at


@dataclass(frozen=True, kw_only=True)
class Promptness:
    """The first replies of one person, in working time. `slow` is the 90th percentile by the nearest rank."""

    who: str
    name: str
    replies: int
    median: timedelta
    slow: timedelta


def ask_first_replies(since: datetime, until: datetime) -> Question:
    """Answers given from one moment until before another, the earliest first."""
    parameters = {
        "since": since,
        "until": until,
        "looks_back_to": since - LOOKS_BACK,
        "review_chat": settings.TELEGRAM_REVIEW_CHAT_ID,
    }
    return Question(_with_names(REPLIES), parameters)


def read_first_replies(rows: Iterable[dict[str, Any]], work: WorkTime) -> list[FirstReply]:
    """The answer to `ask_first_replies()`."""
    return [_read(row, work) for row in rows]


def sum_up(replies: Iterable[FirstReply]) -> list[Promptness]:
    """By whoever replied, who replied most first."""
    by_person: dict[str, list[FirstReply]] = defaultdict(list)
    for reply in replies:
        by_person[reply.who].append(reply)
    sums = [_sum_up(who, given) for who, given in by_person.items()]
    return sorted(sums, key=lambda one: (-one.replies, one.name, one.who))


def nearest_rank(times: list[timedelta], share: float) -> timedelta:
    """The smallest of the sorted times that this share of them does not exceed."""
    return times[max(math.ceil(share * len(times)) - 1, 0)]


def _sum_up(who: str, replies: list[FirstReply]) -> Promptness:
    times = sorted(reply.working for reply in replies)
    return Promptness(
        who=who,
        name=replies[-1].name,
        replies=len(times),
        median=statistics.median(times),
        slow=nearest_rank(times, 0.9),
    )


def _read(row: dict[str, Any], work: WorkTime) -> FirstReply:
    asked_at, answered_at = (datetime.fromisoformat(row[name]) for name in ("asked_at", "answered_at"))
    who, name = _who_replied(row)
    return FirstReply(
        message_id=row["message"],
        chat_id=row["chat"],
        chat=row["chat_name"] or str(row["chat"]),
        asked_at=asked_at,
        answered_at=answered_at,
        working=work.between(asked_at, answered_at, zone=row["time_zone"]),
        who=who,
        name=name,
        is_sent_by_hub=row["is_sent"],
    )


def _who_replied(row: dict[str, Any]) -> tuple[str, str]:
    """An account that is linked to a person in Telegram is that person."""
    if row["person"] is not None:
        names = {name: row[name] for name in ("first_name", "last_name", "username")}
        return f"person-{row['person']}", TelegramUser(id=row["person"], **names).display_name
    if row["account"] is not None:
        return f"account-{row['account']}", row["approved_by"]
    if row["approved_by"]:
        return f"name-{row['approved_by']}", row["approved_by"]
    if row["is_sent"]:
        return "unknown", _("Sent by the hub, nobody knows by whom it was approved")
    return "anonymous", _("Anonymous administrators")
