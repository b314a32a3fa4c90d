"""Per chat and day: updates by what came of them, messages by where they came from, replies by state."""

from collections.abc import Iterator
from datetime import date

from bots.report.period import Period, rows

# (day, chat or None, name of what is counted, how many)
Count = tuple[date, int | None, str, int]

# Of an update that was stored before its chat was kept beside it: Telegram writes a message's own chat first.
# By a pattern, as `payload::json` refuses some of what may have been handed over, and with it the report.
_UPDATES = """
SELECT day, chat, bot_id, parse_state, count(*)
FROM (
    SELECT (received_at AT TIME ZONE %(tz)s)::date AS day, bot_id, parse_state,
           COALESCE(chat_id, CASE WHEN parse_state = 'parsed'
               THEN substring(payload FROM '"chat":\\{"id":(-?[0-9]{1,18})[,}]')::bigint END) AS chat
    FROM raw_updates
    WHERE received_at >= %(since)s AND received_at < %(until)s
) AS updates
WHERE %(chat)s::bigint IS NULL OR chat = %(chat)s
GROUP BY day, chat, bot_id, parse_state
"""

# By the day on which they were written; an import stands on the days that it is about.
_MESSAGES = """
SELECT (timestamp AT TIME ZONE %(tz)s)::date, chat_id, source, count(*)
FROM messages
WHERE timestamp >= %(since)s AND timestamp < %(until)s
  AND (%(chat)s::bigint IS NULL OR chat_id = %(chat)s)
GROUP BY 1, 2, 3
"""

# By the day on which they were proposed, in the state in which they are now. The index begins with the state.
_REPLIES = """
SELECT (created_at AT TIME ZONE %(tz)s)::date, chat_id, status, count(*)
FROM pending_responses
WHERE status = ANY (%(states)s) AND created_at >= %(since)s AND created_at < %(until)s
  AND (%(chat)s::bigint IS NULL OR chat_id = %(chat)s)
GROUP BY 1, 2, 3
"""


def count_updates(period: Period) -> tuple[list[Count], dict[int, set[int]]]:
    """Updates by state; and which bots handed over each chat's updates."""
    counts: list[Count] = []
    bots: dict[int, set[int]] = {}
    for day, chat_id, bot_id, state, count in rows(_UPDATES, period.parameters):
        counts.append((day, chat_id, state, count))
        if chat_id is not None:
            bots.setdefault(chat_id, set()).add(bot_id)
    return counts, bots


def count_messages(period: Period) -> Iterator[Count]:
    yield from rows(_MESSAGES, period.parameters)


def count_replies(period: Period, states: list[str]) -> Iterator[Count]:
    yield from rows(_REPLIES, {**period.parameters, "states": states})
