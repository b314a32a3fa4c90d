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


def as_json(report: Report) -> dict[str, Any]:
    period = report.period
    return {
        "generated_at": _time(period.until),
        "since": _time(period.since),
        "until": _time(period.until),
        "time_zone": period.time_zone,
        "chat_id": period.chat_id,
        "needs_a_person": report.needs,
        "broken_counts": report.broken,
        "problems": [
            {
                "code": problem.code,
                "severity": str(problem.severity),
                "title": problem.title,
                "advice": problem.advice,
                "since": _time(problem.since),
                "link": problem.link,
            }
            for problem in report.problems
        ],
        "updates_complete_since": _time(report.kept_since),
        "totals": _tally(report.total, is_judged=True),
        "days": [
            {
                "day": day.isoformat(),
                **_chat(report, chat_id),
                **_tally(tally, is_judged=_judged(report, chat_id)),
            }
            for (day, chat_id), tally in report.days.items()
        ],
        "imports": [
            {
                "started_at": _time(one.started_at),
                "finished_at": _time(one.finished_at),
                "chat_id": one.chat_id,
                "file_name": one.file_name,
                "state": one.state,
                "messages": one.messages,
                "added": one.added,
                "present": one.present,
                "skipped": one.skipped,
            }
            for one in report.imports
        ],
        "gaps": [
            {
                "chat_id": gap.chat_id,
                "after": gap.after,
                "before": gap.before,
                "at": _time(gap.at),
                "missing": gap.missing,
                "own": gap.own,
                "unread": gap.unread,
                "may_be_lost": gap.may_be_lost,
                "not_visible": gap.not_visible,
            }
            for gap in report.gaps
        ],
        "bots": [
            {
                "id": bot.pk,
                "username": bot.username,
                "last_poll_at": _time(bot.last_poll_at),
                "last_update_at": _time(bot.last_update_at),
                "reads_all_group_messages": bot.can_read_all_group_messages,
            }
            for bot in report.bots
        ],
    }


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


def _missing(missing: Missing) -> dict[str, int]:
    return {
        "total": missing.total,
        "own": missing.own,
        "unread": missing.unread,
        "may_be_lost": missing.may_be_lost,
        "not_visible": missing.not_visible,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
