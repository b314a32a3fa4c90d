"""Messages that were deleted in Telegram, which says so in business chats only. Their words stay here.

A deletion may be read before the message itself: it is kept on its own (`message_deletions`), and marks the
message when that is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from messaging.activity import recount_waiting
from messaging.models import Message, MessageDeletion


@dataclass(frozen=True, kw_only=True)
class DeletedMessage:
    """One message that is gone, by its key, and when the hub heard of it."""

    chat_id: int
    business_connection_id: str
    telegram_message_id: int
    at: datetime


_MARK = """
UPDATE messages SET deleted_at = gone.deleted_at
FROM message_deletions AS gone
WHERE gone.chat_id = ANY (%s) AND gone.telegram_message_id = ANY (%s)
  AND messages.chat_id = gone.chat_id
  AND messages.telegram_message_id = gone.telegram_message_id
  AND messages.business_connection_id = gone.business_connection_id
  AND messages.deleted_at IS NULL
RETURNING messages.chat_id
"""


def store_deletions(deleted: Sequence[DeletedMessage], stored: Iterable[Message]) -> None:
    """Keep these deletions, and mark what they name, here before or `stored` just now.

    A question that was taken back waits for no answer. Call it inside the transaction that stores the
    messages, with the chats locked.
    """
    keys = {(gone.chat_id, gone.telegram_message_id) for gone in deleted}
    for message in stored:
        if message.business_connection_id and message.telegram_message_id is not None:
            keys.add((message.chat_id, message.telegram_message_id))
    if not keys:
        return
    MessageDeletion.objects.bulk_create(
        (
            MessageDeletion(
                chat_id=gone.chat_id,
                business_connection_id=gone.business_connection_id,
                telegram_message_id=gone.telegram_message_id,
                deleted_at=gone.at,
            )
            for gone in deleted
        ),
        ignore_conflicts=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [[chat_id for chat_id, _ in keys], [number for _, number in keys]])
        chat_ids = {chat_id for (chat_id,) in cursor.fetchall()}
    if chat_ids:
        recount_waiting(chat_ids)
