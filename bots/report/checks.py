"""What must be true of the counts; a line for each that is not."""

from datetime import datetime, timedelta

from bots.models import RawUpdate
from bots.parsing import MESSAGE_KINDS, UnreadableUpdateError, parse_update
from bots.report.period import Period, rows
from messaging.models import Message

# Counted without regard to state or chat, so that a state nobody knows is noticed.
_RECEIVED = """
SELECT count(*) FROM raw_updates WHERE received_at >= %(since)s AND received_at < %(until)s
"""

# Of what was read, first what no message says in its newest state; then, of the rest, whose number no message
# has. The number that Telegram writes first is the message's own. Suspects only: each is read again.
_UNSTORED = """
WITH newest AS MATERIALIZED (
    SELECT state_arrival FROM messages
    WHERE timestamp >= %(since)s - interval '1 day' AND timestamp < %(until)s AND state_arrival > 0
), others AS MATERIALIZED (
    SELECT id FROM raw_updates
    WHERE received_at >= %(since)s AND received_at < %(until)s
      AND (%(chat)s::bigint IS NULL OR chat_id = %(chat)s)
      AND parse_state = 'parsed' AND kind = ANY (%(kinds)s)
      AND NOT EXISTS (SELECT 1 FROM newest WHERE state_arrival = raw_updates.id)
)
SELECT id FROM others JOIN raw_updates USING (id)
WHERE NOT EXISTS (
    SELECT 1 FROM messages
    WHERE messages.chat_id = COALESCE(
            raw_updates.chat_id, substring(payload FROM '"chat":\\{"id":(-?[0-9]{1,18})[,}]')::bigint)
      AND telegram_message_id =
            substring(left(payload, 200) FROM '"message_id":([0-9]{1,18})[,}]')::bigint)
LIMIT %(most)s
"""
MOST_SUSPECTS = 20_000

# A message keeps the number of the update that said it last. Only messages younger than every deletion.
_WITHOUT_UPDATE = """
SELECT count(*) FROM messages
WHERE timestamp >= GREATEST(%(since)s, %(kept)s) AND timestamp < %(until)s
  AND (%(chat)s::bigint IS NULL OR chat_id = %(chat)s)
  AND source = 'telegram' AND state_arrival > 0
  AND NOT EXISTS (SELECT 1 FROM raw_updates WHERE raw_updates.id = messages.state_arrival)
"""

_SENT_UNSTORED = """
SELECT count(*) FROM pending_responses AS reply JOIN chats ON chats.id = reply.chat_id
WHERE reply.status = 'sent' AND reply.created_at >= %(since)s AND reply.created_at < %(until)s
  AND (%(chat)s::bigint IS NULL OR reply.chat_id = %(chat)s)
  AND reply.telegram_message_id IS NOT NULL
  AND NOT EXISTS (
      SELECT 1 FROM messages
      WHERE messages.chat_id IN (reply.chat_id, chats.migrated_to_id)
        AND messages.telegram_message_id = reply.telegram_message_id)
"""


def broken_counts(period: Period, *, counted: int, kept_since: datetime | None) -> list[str]:
    """What does not add up; `counted` updates were shared out among chats, days and states."""
    broken = []
    [(received,)] = rows(_RECEIVED, period.parameters)
    if period.chat_id is None and received != counted:
        broken.append(
            f"{received} updates were received, "
            f"but {counted} are parsed, ignored, failed, waiting or set aside."
        )
    if unstored := _unstored(period):
        broken.append(
            f"{unstored} updates count as stored, but their messages are not there. "
            f"Read them again: manage.py replay_updates --since {period.since:%Y-%m-%d}"
        )
    if kept_since is not None:
        # A day of grace: the sweep deletes while the hub works.
        kept = {**period.parameters, "kept": kept_since + timedelta(days=1)}
        [(without,)] = rows(_WITHOUT_UPDATE, kept)
        if without:
            broken.append(f"{without} messages were received, but their updates are gone before their time.")
    [(sent,)] = rows(_SENT_UNSTORED, period.parameters)
    if sent:
        broken.append(f"{sent} replies were sent, but they do not stand in the history of their chats.")
    return broken


def _unstored(period: Period) -> int:
    parameters = {**period.parameters, "kinds": list(MESSAGE_KINDS), "most": MOST_SUSPECTS}
    suspects = [pk for (pk,) in rows(_UNSTORED, parameters)]
    return sum(not _is_stored(row) for row in RawUpdate.objects.filter(pk__in=suspects).iterator())


def _is_stored(row: RawUpdate) -> bool:
    """Whether the message of an update that was read is there; by its own words, not by a pattern's."""
    try:
        message = parse_update(row.decoded(), arrival=row.pk, bot_id=row.bot_id).message
    except UnreadableUpdateError:
        return False
    if message is None:
        return True
    if message.telegram_message_id is None:
        return Message.objects.filter(origin=message.origin).exists()
    return Message.objects.filter(
        chat_id=message.chat.id,
        numbered_by=message.numbered_by,
        telegram_message_id=message.telegram_message_id,
    ).exists()
