"""Numbers that are missing among a chat's messages, and what is known about each.

Telegram numbers the messages of a supergroup or channel once for everybody, so a number that is missing is
a message that the hub does not have. Private chats and basic groups number for each account apart: what is
missing there may stand in somebody else's chat, so nothing can be said.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bots.report.known_numbers import Numbers, own_numbers, unread_numbers
from bots.report.period import Period, rows
from bots.report.watch import Watch

# All stored numbers between a chat's first and last message of the period, from the unique key alone. The
# number before the first one counts too: what is missing right before it went missing in this period. LATERAL
# keeps PostgreSQL to one walk along the index for each chat; joined plainly it reads every message there is.
_GAPS = """
WITH ends AS MATERIALIZED (
    SELECT chats.id AS chat_id, first.number AS first, last.number AS last
    FROM chats
    CROSS JOIN LATERAL (
        SELECT telegram_message_id AS number FROM messages
        WHERE chat_id = chats.id AND timestamp >= %(since)s AND timestamp < %(until)s
          AND telegram_message_id > 0 AND business_connection_id = '' AND numbered_by = 0
        ORDER BY timestamp, telegram_message_id LIMIT 1
    ) AS first
    CROSS JOIN LATERAL (
        SELECT telegram_message_id AS number FROM messages
        WHERE chat_id = chats.id AND timestamp >= %(since)s AND timestamp < %(until)s
          AND telegram_message_id > 0 AND business_connection_id = '' AND numbered_by = 0
        ORDER BY timestamp DESC, telegram_message_id DESC LIMIT 1
    ) AS last
    WHERE chats.chat_type IN ('supergroup', 'channel')
      AND (%(chat)s::bigint IS NULL OR chats.id = %(chat)s)
), bounds AS MATERIALIZED (
    SELECT chat_id, GREATEST(first, last) AS high, COALESCE((
        SELECT telegram_message_id FROM messages
        WHERE messages.chat_id = ends.chat_id AND telegram_message_id < LEAST(first, last)
          AND telegram_message_id > 0 AND business_connection_id = '' AND numbered_by = 0
        ORDER BY telegram_message_id DESC LIMIT 1
    ), LEAST(first, last)) AS low
    FROM ends
), holes AS MATERIALIZED (
    SELECT bounds.chat_id, before, number
    FROM bounds
    CROSS JOIN LATERAL (
        SELECT telegram_message_id AS number,
               lag(telegram_message_id) OVER (ORDER BY telegram_message_id) AS before
        FROM messages
        WHERE messages.chat_id = bounds.chat_id AND telegram_message_id BETWEEN low AND high
          AND business_connection_id = '' AND numbered_by = 0
    ) AS numbered
    WHERE number > before + 1
)
SELECT holes.chat_id, holes.before, holes.number, one.timestamp, other.timestamp,
       one.source = 'import' AND other.source = 'import',
       one.source = 'import' AND other.source <> 'import' AND NOT EXISTS (
           SELECT 1 FROM messages AS earlier
           WHERE earlier.chat_id = holes.chat_id AND earlier.timestamp <= one.timestamp
             AND earlier.source <> 'import')
FROM holes
CROSS JOIN LATERAL (
    SELECT timestamp, source FROM messages
    WHERE chat_id = holes.chat_id AND telegram_message_id = holes.before
      AND business_connection_id = '' AND numbered_by = 0 LIMIT 1
) AS one
CROSS JOIN LATERAL (
    SELECT timestamp, source FROM messages
    WHERE chat_id = holes.chat_id AND telegram_message_id = holes.number
      AND business_connection_id = '' AND numbered_by = 0 LIMIT 1
) AS other
ORDER BY holes.chat_id, holes.number
"""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Numbers after `after` and before `before` that no stored message has; the four counts add up to all.

    `own`: sent by the hub itself. `unread`: received, but not (yet) read. `may_be_lost`: nobody collected
    the chat then, so its export should be imported. `not_visible`: what Telegram shows no bot, such as the
    messages of other bots, or took back before the hub saw it.
    """

    chat_id: int
    after: int
    before: int
    at: datetime
    own: int
    unread: int
    may_be_lost: int
    not_visible: int

    @property
    def missing(self) -> int:
        return self.before - self.after - 1


def find_gaps(period: Period, bots_of_chat: Mapping[int, set[int]]) -> list[Gap]:
    """Every gap that ends in the period."""
    holes = rows(_GAPS, period.parameters)
    if not holes:
        return []
    chats = sorted({hole[0] for hole in holes})
    own = own_numbers(period, chats)
    unread = unread_numbers(period, chats)
    watch = Watch.of(period, bots_of_chat)
    gaps = []
    for chat_id, after, before, left_at, met_at, is_imported, is_first in holes:
        ours = _between(own, chat_id, after, before)
        kept = _between(unread, chat_id, after, before) - ours
        rest = before - after - 1 - len(ours) - len(kept)
        # An export holds everything but what was deleted. Between one and the first message that was
        # collected nobody knows.
        was_watched = is_imported or (not is_first and watch.saw(chat_id, left_at, met_at))
        gaps.append(
            Gap(
                chat_id=chat_id,
                after=after,
                before=before,
                at=met_at,
                own=len(ours),
                unread=len(kept),
                may_be_lost=0 if was_watched else rest,
                not_visible=rest if was_watched else 0,
            )
        )
    return gaps


def _between(numbers: Numbers, chat_id: int, after: int, before: int) -> set[int]:
    known: Sequence[int] = numbers.get(chat_id, ())
    return set(known[bisect_right(known, after) : bisect_left(known, before)])
