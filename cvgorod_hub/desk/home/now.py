"""What needs somebody now: drafts, clients who wait, what is urgent, what was not sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cvgorod_hub.common.together import Question, Rows
from cvgorod_hub.desk.durations import by_the_clock, local
from cvgorod_hub.desk.rights import User, may_see_drafts, may_see_urgent, may_see_waiting
from cvgorod_hub.desk.waiting.page import URGENT
from cvgorod_hub.desk.waiting.reading import Wait, ask_waiting, read_waits, what_was_said, who_said
from cvgorod_hub.desk.work_time import WorkTime
from messaging.conversation_links import conversation_url
from sandbox.models import PendingResponse

Status = PendingResponse.Status

# Of each list as many as fit beside each other; the pages behind them show the rest.
SHOWN = 5
# The longest waits by the clock; among these the longest in working time are told.
COMPARED = 40

_DRAFTS = """
SELECT status, count(*) AS drafts, count(*) FILTER (WHERE old_id IS NULL) AS ours, min(created_at) AS oldest
  FROM pending_responses WHERE status IN ('pending', 'failed', 'unknown') GROUP BY 1
"""
_WAITING_NUMBER = "SELECT count(*) AS chats FROM chats WHERE waiting_since IS NOT NULL"
# Chat by chat, as intents/overview.py does: nothing is read but what is said since somebody waits there.
_URGENT = """
SELECT found.number, found.chat_id, chats.name, said.id AS message, said.text, said.transcript,
       said.message_type, said.erased_for, said.timestamp AS said_at, said.user_id,
       users.first_name, users.last_name, users.username
  FROM (
    SELECT urgent.*, chats.id AS chat_id, count(*) OVER () AS number
      FROM chats, LATERAL (
        SELECT message_id, said_at FROM urgent_messages
         WHERE chat_id = chats.id AND said_at >= chats.waiting_since OFFSET 0
      ) AS urgent
     WHERE chats.waiting_since IS NOT NULL
     ORDER BY said_at, message_id LIMIT %(shown)s::bigint
  ) AS found
  JOIN chats ON chats.id = found.chat_id
  JOIN messages AS said ON said.id = found.message_id
  LEFT JOIN users ON users.id = said.user_id
 ORDER BY found.said_at, found.message_id
"""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that leads to its rows. `level`: "" is calm, "warning" and "bad" ask for somebody."""

    name: str
    label: str
    value: int
    link: str
    note: str = ""
    icon: str = ""
    level: str = ""


@dataclass(frozen=True, kw_only=True)
class UrgentWords:
    """An urgent message that nobody has answered."""

    chat: str
    said: str
    said_by: str
    said_at: datetime
    since: str
    link: str


def ask_now(user: User) -> dict[str, Question]:
    """What this user may know of."""
    questions: dict[str, Question] = {}
    if may_see_drafts(user):
        questions["drafts"] = Question(_DRAFTS)
    if may_see_waiting(user):
        questions["waiting_number"] = Question(_WAITING_NUMBER)
        questions["waiting"] = ask_waiting(most=COMPARED)
    if may_see_urgent(user):
        questions["urgent"] = Question(_URGENT, {"shown": SHOWN})
    return questions


def now_context(answers: Mapping[str, Rows], work: WorkTime, user: User) -> dict[str, Any]:
    """For desk/now.html."""
    waits = read_waits(answers.get("waiting", []), work, user)
    urgent = [_read_urgent(row) for row in answers.get("urgent", [])]
    return {
        "figures": [*_figures(answers, waits)],
        "sees_waiting": "waiting" in answers,
        "waits": waits[:SHOWN],
        "sees_urgent": "urgent" in answers,
        "urgent": urgent,
        "work": work,
    }


def _figures(answers: Mapping[str, Rows], waits: list[Wait]) -> list[Figure]:
    figures: list[Figure] = []
    if "drafts" in answers:
        figures.append(_drafts(answers["drafts"]))
    if "waiting" in answers:
        figures.append(_waiting(answers["waiting_number"][0]["chats"], waits))
    if "urgent" in answers:
        figures.append(_urgent(answers["urgent"]))
    if "drafts" in answers:
        figures += [_not_sent(answers["drafts"], Status.FAILED), _not_sent(answers["drafts"], Status.UNKNOWN)]
    return figures


def _drafts(rows: Rows) -> Figure:
    row = _of_state(rows, Status.PENDING)
    return Figure(
        name="drafts",
        label=_("Drafts to review"),
        value=row["drafts"],
        link=reverse("admin:sandbox_pendingresponse_changelist"),
        note=_("the oldest for %(time)s") % {"time": _age(row["oldest"])} if row["oldest"] else "",
        icon="rate_review",
    )


def _waiting(number: int, waits: list[Wait]) -> Figure:
    longest = waits[0] if waits else None
    return Figure(
        name="waiting",
        label=_("Clients waiting"),
        value=number,
        link=reverse("admin:desk_waiting"),
        note=_("up to %(time)s of working time") % {"time": longest.working_in_words} if longest else "",
        icon="hourglass_top",
        level={"very-long": "bad", "long": "warning"}.get(longest.level, "") if longest else "",
    )


def _urgent(rows: Rows) -> Figure:
    return Figure(
        name="urgent",
        label=_("Urgent, unanswered"),
        value=rows[0]["number"] if rows else 0,
        link=f"{reverse('admin:desk_waiting')}?only={URGENT}",
        note=_("the first at %(time)s") % {"time": local(rows[0]["said_at"])} if rows else "",
        icon="notification_important",
        level="bad" if rows else "",
    )


def _not_sent(rows: Rows, state: str) -> Figure:
    is_failed = state == Status.FAILED
    row = _of_state(rows, state)
    # What failed in the hub before this one is listed, but over.
    asks = bool(row["ours"])
    return Figure(
        name=state,
        label=_("Not sent") if is_failed else _("Not known whether sent"),
        value=row["drafts"],
        link=f"{reverse('admin:sandbox_pendingresponse_changelist')}?state={state}",
        note=_("a person decides what to do") if asks else "",
        icon="error" if is_failed else "help",
        level="bad" if asks else "",
    )


def _of_state(rows: Rows, state: str) -> dict[str, Any]:
    return next((row for row in rows if row["status"] == state), {"drafts": 0, "ours": 0, "oldest": None})


def _age(text: str) -> str:
    return by_the_clock(timezone.now() - datetime.fromisoformat(text))


def _read_urgent(row: dict[str, Any]) -> UrgentWords:
    return UrgentWords(
        chat=row["name"] or str(row["chat_id"]),
        said=what_was_said(row),
        said_by=who_said(row),
        said_at=datetime.fromisoformat(row["said_at"]),
        since=_age(row["said_at"]),
        link=conversation_url(row["chat_id"], row["message"]),
    )
