"""All that `filling` made, out again: by its ids, which nothing real can have."""

# ruff: noqa: S608  (statements of constants)

from collections.abc import Callable

from django.db import connection, transaction

from cvgorod_hub.seeding.identity import BOT_ID, FIRST_ID, LAST_ID

_CHATS = f"BETWEEN {-LAST_ID} AND {-FIRST_ID}"
_PEOPLE = f"BETWEEN {FIRST_ID} AND {LAST_ID}"
_REPLIES = f"(SELECT id FROM pending_responses WHERE chat_id {_CHATS})"
_MESSAGES = f"(SELECT id FROM messages WHERE chat_id {_CHATS})"
_RECORDINGS = f"(SELECT id FROM recordings WHERE message_id IN {_MESSAGES})"
# What stands on a message or a reply goes first. Also what the hub or a person made of invented rows since.
_STEPS = (
    ("approval cards", f"DELETE FROM approval_cards WHERE response_id IN {_REPLIES}"),
    ("log of replies", f"DELETE FROM pending_response_events WHERE response_id IN {_REPLIES}"),
    ("replies", f"DELETE FROM pending_responses WHERE chat_id {_CHATS}"),
    ("transcripts", f"DELETE FROM transcript_versions WHERE recording_id IN {_RECORDINGS}"),
    ("recordings", f"DELETE FROM recordings WHERE message_id IN {_MESSAGES}"),
    ("corrections", f"DELETE FROM analysis_corrections WHERE message_id IN {_MESSAGES}"),
    ("runs", f"DELETE FROM reclassification_items WHERE message_id IN {_MESSAGES}"),
    ("urgent messages", f"DELETE FROM urgent_messages WHERE chat_id {_CHATS}"),
    ("analyses", f"DELETE FROM message_analysis WHERE message_id IN {_MESSAGES}"),
    ("versions", f"DELETE FROM message_versions WHERE message_id IN {_MESSAGES}"),
    ("messages", f"DELETE FROM messages WHERE chat_id {_CHATS}"),
    ("updates", f"DELETE FROM raw_updates WHERE bot_id = {BOT_ID}"),
    ("places of bots", f"DELETE FROM bot_memberships WHERE chat_id {_CHATS} OR bot_id = {BOT_ID}"),
    ("gaps", f"DELETE FROM collection_gaps WHERE bot_id = {BOT_ID}"),
    ("bot", f"DELETE FROM telegram_bots WHERE id = {BOT_ID}"),
    ("activity", f"DELETE FROM author_activity WHERE user_id {_PEOPLE}"),
    ("roles' activity", f"DELETE FROM chat_role_activity WHERE chat_id {_CHATS}"),
    ("chats", f"DELETE FROM chats WHERE id {_CHATS}"),
    ("people", f"DELETE FROM users WHERE id {_PEOPLE}"),
)  # fmt: skip
STEPS = tuple(name for name, _statement in _STEPS)
# Their triggers keep a log for ever, or count what goes row by row; the counts are made anew at the end.
_UNTRIGGERED = (
    "pending_response_events", "messages", "message_analysis", "urgent_messages", "analysis_corrections"
)  # fmt: skip


def remove(*, progress: Callable[[str, int], object]) -> int:
    """Delete it in one transaction; returns how many messages there were.

    `progress` is told each step and its rows. Statistics are to be counted again afterwards, and whoever
    stores messages waits until it is done.
    """
    messages = 0
    with transaction.atomic(), connection.cursor() as cursor:
        # A table cannot be altered while foreign keys are still to be looked at.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in _UNTRIGGERED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for name, statement in _STEPS:
            cursor.execute(statement)
            progress(name, cursor.rowcount)
            messages = cursor.rowcount if name == "messages" else messages
        for table in _UNTRIGGERED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return messages
