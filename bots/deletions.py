"""What a deletion in a business chat changes, once the updates of a batch are stored."""

from collections.abc import Sequence

from bots.models import RawUpdate
from bots.parsing import ParsedUpdate
from messaging.deletions import DeletedMessage, store_deletions
from messaging.models import Message


def apply_deletions(updates: Sequence[ParsedUpdate], stored: Sequence[Message]) -> None:
    """Mark what was deleted among what is here, `stored` just now included. Call it with the chats locked."""
    deletions = [update.deletion for update in updates if update.deletion is not None]
    # Telegram gives no time; the update's arrival stays the same however often it is read.
    arrived = RawUpdate.objects.filter(pk__in=[deletion.arrival for deletion in deletions])
    times = dict(arrived.values_list("pk", "received_at")) if deletions else {}
    deleted = [
        DeletedMessage(
            chat_id=deletion.chat_id,
            business_connection_id=deletion.business_connection_id,
            telegram_message_id=number,
            at=times[deletion.arrival],
        )
        for deletion in deletions
        for number in deletion.message_ids
    ]
    store_deletions(deleted, stored)
