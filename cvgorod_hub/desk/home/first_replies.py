"""How soon clients were answered: from their first unanswered word to the first word of a person of ours.

Who asks and who answers is what messaging/activity.py says: imported history, service messages and programs
do neither. A reply that the hub sent is a word of whoever approved it. The time counts working hours only, in
the chat's own zone (sandbox/working_hours.py).

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
from cvgorod_hub.desk.home.replies_sql import REPLIES
from cvgorod_hub.desk.work_time import WorkTime

# How far before a period its first questions are sought. A walk to the beginning of a chat would read its
# imported history, too, wherever nobody had answered yet.
LOOKS_BACK = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class FirstReply:
    """An answer to what was not answered yet. `who` stands for whoever answered, `name` says it to people."""

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
    return Question(REPLIES, parameters)


def read_first_replies(rows: Iterable[dict[str, Any]], work: WorkTime) -> list[FirstReply]:
    """The answer to `ask_first_replies()`."""
    names = _Names()
    return [_read(row, work, names) for row in rows]


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
        median=timedelta(seconds=statistics.median(time.total_seconds() for time in times)),
        slow=nearest_rank(times, 0.9),
    )


def _read(row: dict[str, Any], work: WorkTime, names: "_Names") -> FirstReply:
    asked_at, answered_at = (datetime.fromisoformat(row[name]) for name in ("asked_at", "answered_at"))
    who, name = _who_replied(row, names)
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


class _Names(dict[int, str]):
    """What a person is called, by their id: few people answer thousands of times."""

    def of(self, row: dict[str, Any]) -> str:
        person: int = row["person"]
        if person not in self:
            names = {name: row[name] for name in ("first_name", "last_name", "username")}
            self[person] = TelegramUser(id=person, **names).display_name
        return self[person]


def _who_replied(row: dict[str, Any], names: _Names) -> tuple[str, str]:
    """An account that is linked to a person in Telegram is that person."""
    if row["person"] is not None:
        return f"person-{row['person']}", names.of(row)
    if row["account"] is not None:
        return f"account-{row['account']}", row["approved_by"]
    if row["approved_by"]:
        return f"name-{row['approved_by']}", row["approved_by"]
    if row["is_sent"]:
        return "unknown", _("Sent by the hub, nobody knows by whom it was approved")
    return "anonymous", _("Anonymous administrators")
