"""Old messages into the table of messages, as imported history: found and counted like others, and no news.

Rows are judged first, then stored, so a dry run judges by the same statement. The old key stands in `origin`
(`old:123`): by it a row is known again, whatever key it has here.
"""

from collections.abc import Iterable

from cvgorod_hub.old_hub.batches import MESSAGE_COLUMNS, Batch
from cvgorod_hub.old_hub.staging import (
    count_keys,
    count_verdicts,
    execute,
    fetch,
    fill_staging,
    make_staging,
    store_in_parts,
    tell_the_planner,
)
from cvgorod_hub.old_hub.tally import Tally
from messaging.incoming import OLD_HUB_ORIGIN
from messaging.models import Message

# What Telegram takes is 4,096 characters; what speech became may be longer. Beyond this PostgreSQL could not
# make a vector of its words.
LONGEST_TEXT = 100_000
DUPLICATE = "a later row of the same message; the earliest is the true one"
OF_UNLISTED_CHAT = "of a chat that no table of chats listed"
OF_UNLISTED_PERSON = "of a person that no table of people listed"
AUTOMATIC = "marked automatic and written by somebody who is no program here: the mark is not kept"
UNKNOWN_KIND = "of a kind that this hub does not know"
_STAGING = """
old_id bigint, chat_id bigint, number bigint, user_id bigint, text text, kind text, reply_to bigint,
pattern bigint, said_at timestamptz, stored_at timestamptz, is_automatic boolean, intent text,
confidence float8, sentiment text
"""
_JUDGED = """
old_id bigint, verdict text, reason text, new_id bigint, chat_id bigint, number bigint, numbered_by bigint
"""
# LATERAL with LIMIT: looked up row by row, however many messages PostgreSQL thinks there are here.
_JUDGE = """
INSERT INTO judged_messages
SELECT m.old_id,
       CASE WHEN why IS NOT NULL THEN 'skipped' WHEN known.id IS NOT NULL THEN 'merged' ELSE 'copied' END,
       CASE WHEN why IS NOT NULL THEN why WHEN known.id IS NULL THEN ''
            WHEN known.source = 'import' THEN 'is here already' ELSE 'was collected here, too' END,
       CASE WHEN why IS NOT NULL OR known.id IS NOT NULL OR %(is_dry_run)s THEN known.id
            WHEN m.old_id BETWEEN %(first_kept)s AND %(last_kept)s THEN m.old_id
            ELSE nextval(pg_get_serial_sequence('messages', 'id')) END,
       m.chat_id, m.number, CASE WHEN chat.kind IN ('supergroup', 'channel') THEN 0 ELSE %(bot)s END
  FROM old_messages AS m
  LEFT JOIN old_duplicates AS again ON again.old_id = m.old_id
  LEFT JOIN old_chats AS chat ON chat.old_id = m.chat_id
 CROSS JOIN LATERAL (SELECT CASE
       WHEN m.chat_id IS NULL OR m.chat_id = 0 THEN 'without a chat'
       WHEN m.said_at IS NULL THEN 'its time is missing or out of range'
       WHEN again.old_id IS NOT NULL THEN %(duplicate)s
       WHEN length(m.text) > %(longest)s THEN 'longer than any message' END AS why) AS judged
  LEFT JOIN LATERAL (
    SELECT id, source FROM (
        SELECT id, source FROM messages WHERE origin = %(origin)s || m.old_id
        UNION ALL
        SELECT id, source FROM messages
         WHERE chat_id = m.chat_id AND telegram_message_id = m.number AND business_connection_id = ''
           AND numbered_by IN (0, %(bot)s)
        UNION ALL
        -- What an export of a basic group brought: such have no numbers of the chat's own.
        SELECT id, source FROM messages
         WHERE chat.kind = 'group' AND chat_id = m.chat_id AND timestamp = date_trunc('second', m.said_at)
           AND user_id = m.user_id AND text = m.text AND telegram_message_id IS NULL AND source = 'import'
    ) AS found LIMIT 1
  ) AS known ON why IS NULL
"""
# Voice messages of the old hub are texts that begin with a word in brackets.
_STORE = """
INSERT INTO messages (
    id, chat_id, telegram_message_id, origin, numbered_by, business_connection_id, user_id, text,
    message_type, reply_to_message_id, media_group_id, forwarded_from, media, transcript_state, transcript,
    timestamp, state_at, state_arrival, source, created_at, changed_xid)
SELECT judged.new_id, m.chat_id, m.number, %(origin)s || m.old_id, judged.numbered_by, '', m.user_id,
       CASE WHEN is_voice THEN '' ELSE coalesce(m.text, '') END,
       CASE WHEN is_voice AND coalesce(m.kind, '') NOT IN ('voice', 'video_note', 'audio') THEN 'voice'
            WHEN m.kind = ANY (%(kinds)s) THEN m.kind
            WHEN coalesce(m.kind, '') = '' THEN 'text' ELSE 'unknown' END,
       m.reply_to, '', '', '{}'::jsonb,
       CASE WHEN NOT is_voice THEN '' WHEN words <> '' THEN 'done'
            WHEN m.text LIKE '[Голосовое сообщение - не%%' THEN 'failed'
            WHEN m.text LIKE '[Голосовое сообщение%%' THEN 'off' ELSE 'empty' END,
       CASE WHEN is_voice THEN words ELSE '' END,
       m.said_at, m.said_at, 0, 'import', coalesce(m.stored_at, m.said_at), 0
  FROM judged_messages AS judged
  JOIN old_messages AS m ON m.old_id = judged.old_id
 CROSS JOIN LATERAL (SELECT coalesce(m.text LIKE '[Голосовое%%]%%', false) AS is_voice) AS spoken
 CROSS JOIN LATERAL (
    SELECT CASE WHEN is_voice THEN btrim(regexp_replace(m.text, '^[^]]*]', ''), E' \\n\\r\\t') END AS words
 ) AS said
 WHERE judged.verdict = 'copied' AND judged.old_id BETWEEN %(first)s AND %(last)s
 ORDER BY judged.old_id
"""
# What was collected here says it newer. Missing may be the words of a voice that nobody is at work on, …
_FILL_WORDS = """
WITH heard AS (
    SELECT judged.new_id, btrim(regexp_replace(m.text, '^[^]]*]', ''), E' \\n\\r\\t') AS words
      FROM judged_messages AS judged JOIN old_messages AS m ON m.old_id = judged.old_id
     WHERE judged.verdict = 'merged' AND m.text LIKE '[Голосовое%%]%%'
       AND judged.old_id BETWEEN %(first)s AND %(last)s
), free AS (
    UPDATE recordings SET state = 'done', written_by = 'speech', problem = '', error = '',
           finished_at = now(), version = version + 1
      FROM heard WHERE recordings.message_id = heard.new_id AND heard.words <> '' AND due_at IS NULL
       AND state IN ('failed', 'too_big', 'off', 'empty')
    RETURNING message_id
)
UPDATE messages SET transcript = heard.words, transcript_state = 'done'
  FROM heard
 WHERE messages.id = heard.new_id AND heard.words <> '' AND messages.transcript = ''
   AND messages.erased_at IS NULL
   AND messages.message_type IN ('voice', 'video_note', 'audio')
   AND (messages.id IN (SELECT message_id FROM free)
        OR NOT EXISTS (SELECT FROM recordings WHERE recordings.message_id = messages.id))
"""
# … and what a message said before an edit, of which only that came here.
_FILL_VERSIONS = """
INSERT INTO message_versions (message_id, text, media, valid_from, seen_until)
SELECT known.id, m.text, '{}'::jsonb, known.timestamp, known.timestamp
  FROM judged_messages AS judged
  JOIN old_messages AS m ON m.old_id = judged.old_id
  JOIN messages AS known ON known.id = judged.new_id
 WHERE judged.verdict = 'merged' AND judged.old_id BETWEEN %(first)s AND %(last)s
   AND known.edited_at IS NOT NULL AND known.erased_at IS NULL
   AND m.text <> '' AND m.text NOT LIKE '[Голосовое%%'
   AND m.text <> known.text
   AND NOT EXISTS (SELECT FROM message_versions AS version WHERE version.message_id = known.id)
    ON CONFLICT DO NOTHING
"""
_LAST_MESSAGES = """
UPDATE chats SET last_message_at = greatest(last_message_at, newest)
  FROM (SELECT m.chat_id, max(said_at) AS newest
          FROM judged_messages AS judged JOIN old_messages AS m ON m.old_id = judged.old_id
         WHERE judged.verdict = 'copied' GROUP BY 1) AS said
 WHERE chats.id = said.chat_id AND (last_message_at IS NULL OR last_message_at < newest)
"""
COPIED = "judged.verdict = 'copied'"
_IS_PROGRAM = """
EXISTS (SELECT FROM old_people AS p JOIN user_roles AS r ON r.role_name = p.role_name AND r.is_bot
         WHERE p.old_id = m.user_id)
"""
# (words of the note, SQL of the rows)
_NOTES = (
    (OF_UNLISTED_CHAT, "EXISTS (SELECT FROM old_chats AS c WHERE c.old_id = m.chat_id AND c.is_orphan)"),
    (OF_UNLISTED_PERSON, "EXISTS (SELECT FROM old_people AS p WHERE p.old_id = m.user_id AND p.is_orphan)"),
    (AUTOMATIC, f"m.is_automatic AND NOT {_IS_PROGRAM}"),
    (UNKNOWN_KIND, "m.kind <> '' AND m.kind <> ALL (%(kinds)s)"),
)


def make_message_staging(duplicates: Iterable[bytes]) -> None:
    """`duplicates`: rows of batches.select_duplicates."""
    make_staging("old_messages", _STAGING)
    make_staging("judged_messages", _JUDGED)
    make_staging("old_duplicates", "old_id bigint PRIMARY KEY, earliest bigint")
    fill_staging("old_duplicates", "old_id, earliest", duplicates)


def judge_messages(batch: Batch, *, kept: tuple[int, int], bot_id: int, is_dry_run: bool) -> None:
    """Each row's verdict into `judged_messages`. `kept`: the first and last old key that is one here."""
    execute("TRUNCATE old_messages, judged_messages")
    fill_staging("old_messages", MESSAGE_COLUMNS, batch.messages)
    values = {
        "first_kept": kept[0],
        "last_kept": kept[1],
        "bot": bot_id,
        "is_dry_run": is_dry_run,
        "duplicate": DUPLICATE,
        "longest": LONGEST_TEXT,
        "origin": OLD_HUB_ORIGIN,
    }
    execute(_JUDGE, values)
    tell_the_planner("judged_messages")


def store_messages() -> None:
    """Store what was judged new, fill what the rest lacks. In a transaction, with the chats locked."""
    judged = "SELECT old_id FROM judged_messages WHERE verdict <> 'skipped' ORDER BY 1"
    store_in_parts([key for (key,) in fetch(judged)], _store, _refuse)
    execute(_LAST_MESSAGES)


def count_messages(tally: Tally) -> None:
    """What became of the batch, into the tally."""
    tally.add_counted(count_verdicts("judged_messages"))
    for words, where in _NOTES:
        rows = f"judged_messages AS judged JOIN old_messages AS m USING (old_id) WHERE {COPIED} AND {where}"
        tally.note(words, *count_keys(rows, {"kinds": list(Message.Type.values)}))


def _store(first: int, last: int) -> None:
    values = {
        "first": first,
        "last": last,
        "kinds": list(Message.Type.values),
        "origin": OLD_HUB_ORIGIN,
    }
    execute(_STORE, values)
    execute(_FILL_WORDS, values)
    execute(_FILL_VERSIONS, values)


def _refuse(key: int, reason: str) -> None:
    execute(
        "UPDATE judged_messages SET verdict = 'skipped', reason = %s, new_id = NULL WHERE old_id = %s",
        [reason, key],
    )
