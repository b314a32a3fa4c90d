"""The report for programs. Keys stay; new ones may come. Times are ISO 8601 with offset, days ISO dates.

generated_at, since, until, time_zone, chat_id (null: all)
needs_a_person: [sentence]        what somebody has to look at; empty: all is well
broken_counts: [sentence]         what does not add up; among the above, too
problems: [{code, severity, title, advice, since, link}]
updates_complete_since            updates received before it and read may be deleted; null: none is
totals: {received, updates, messages, replies, missing}
days: [{day, chat_id, chat_name, chat_type, received, updates, messages, replies, missing}]
                                  newest day first; chat_id null: updates without a chat that could be read
    updates: {pending, parsed, ignored, failed, dismissed}     their sum is `received`
    messages: {telegram, sent, import}                         by the day on which they were written
    replies: {state: count}                                    by the day on which they were proposed
    missing: {total, own, unread, may_be_lost, not_visible}    null: numbers there cannot be judged
gaps: [{chat_id, after, before, at, missing, own, unread, may_be_lost, not_visible}]
                                  numbers between `after` and `before` that no stored message has
imports: [{started_at, finished_at, chat_id, file_name, state, messages, added, present, skipped}]
                                  begun in the period; `messages` above count by the day of writing
bots: [{id, username, last_poll_at, last_update_at, reads_all_group_messages}]
"""

from datetime import datetime
from typing import Any

from bots.report.build import NUMBERED_FOR_ALL, Missing, Report, Tally

PROBLEM = ("code", "severity", "title", "advice", "since", "link")
IMPORT = (
    "started_at", "finished_at", "chat_id", "file_name", "state", "messages", "added", "present", "skipped",
)  # fmt: skip
MISSING = ("own", "unread", "may_be_lost", "not_visible")
GAP = ("chat_id", "after", "before", "at", "missing", *MISSING)
BOT = ("id", "username", "last_poll_at", "last_update_at")


def as_json(report: Report) -> dict[str, Any]:
    period = report.period
    return {
        "generated_at": _plain(period.until),
        **_fields(period, ("since", "until", "time_zone", "chat_id")),
        "needs_a_person": report.needs,
        "broken_counts": report.broken,
        "problems": [_fields(problem, PROBLEM) for problem in report.problems],
        "updates_complete_since": _plain(report.kept_since),
        "totals": _tally(report.total, is_judged=True),
        "days": [
            {
                "day": day.isoformat(),
                **_chat(report, chat_id),
                **_tally(tally, is_judged=_judged(report, chat_id)),
            }
            for (day, chat_id), tally in report.days.items()
        ],
        "imports": [_fields(one, IMPORT) for one in report.imports],
        "gaps": [_fields(gap, GAP) for gap in report.gaps],
        "bots": [
            {**_fields(bot, BOT), "reads_all_group_messages": bot.can_read_all_group_messages}
            for bot in report.bots
        ],
    }


def _fields(thing: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _plain(getattr(thing, name)) for name in names}


def _judged(report: Report, chat_id: int | None) -> bool:
    chat = report.chats.get(chat_id) if chat_id is not None else None
    return chat is not None and chat.chat_type in NUMBERED_FOR_ALL


def _chat(report: Report, chat_id: int | None) -> dict[str, Any]:
    chat = report.chats.get(chat_id) if chat_id is not None else None
    return {
        "chat_id": chat_id,
        "chat_name": chat.name if chat else None,
        "chat_type": chat.chat_type if chat else None,
    }


def _tally(tally: Tally, *, is_judged: bool) -> dict[str, Any]:
    return {
        "received": tally.received,
        "updates": tally.updates,
        "messages": tally.messages,
        "replies": tally.replies,
        "missing": _missing(tally.missing) if is_judged else None,
    }


def _missing(missing: Missing) -> dict[str, Any]:
    return _fields(missing, ("total", *MISSING))


def _plain(value: object) -> object:
    """As JSON says it: a moment with its offset, everything else as it is."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
