"""Numbers of messages that are not in the history, and yet known to the hub."""

import json
from collections.abc import Collection, Iterable
from datetime import timedelta

from bots.models import ApprovalCard, RawUpdate
from bots.parsing import MESSAGE_KINDS
from bots.report.period import Period
from sandbox.models import PendingResponse

State = RawUpdate.State
# By chat, in order.
Numbers = dict[int, list[int]]
# A reply may wait so long before it is sent; its row is found by when it was proposed.
LONGEST_WAIT = timedelta(days=60)
# An update comes at most so much later than its message: Telegram keeps it no longer.
LONGEST_DELAY = timedelta(days=1)


def own_numbers(period: Period, chats: Collection[int]) -> Numbers:
    """What the hub itself sent there: cards, and replies whose number is known."""
    cards = ApprovalCard.objects.filter(
        chat_id__in=chats, message_id__isnull=False, sent_at__gte=period.since - LONGEST_DELAY
    )
    sent = PendingResponse.objects.filter(
        status=PendingResponse.Status.SENT,
        created_at__gte=period.since - LONGEST_WAIT,
        telegram_message_id__isnull=False,
    )
    replies = (
        (moved_to or chat_id, number)
        for chat_id, moved_to, number in sent.values_list(
            "chat_id", "chat__migrated_to_id", "telegram_message_id"
        ).iterator()
    )
    listed = [*cards.values_list("chat_id", "message_id"), *replies]
    return _in_order((chat_id, number) for chat_id, number in listed if number and chat_id in chats)


def unread_numbers(period: Period, chats: Collection[int]) -> Numbers:
    """What was received and is not in the history: it could not be read, or waits, or was set aside."""
    found = (
        message_key(row)
        # One by one: each of these states has an index of its own, the three together have none.
        for state in (State.FAILED, State.PENDING, State.DISMISSED)
        for row in RawUpdate.objects.filter(
            parse_state=state,
            kind__in=MESSAGE_KINDS,
            received_at__gte=period.since - LONGEST_DELAY,
            received_at__lt=period.until + LONGEST_DELAY,
        ).iterator(chunk_size=500)
    )
    return _in_order(key for key in found if key is not None and key[0] in chats)


def message_key(row: RawUpdate) -> tuple[int, int] | None:
    """(chat, number) of the message that an update holds, as far as it can be told from a broken one."""
    try:
        update = row.decoded()
    except (json.JSONDecodeError, RecursionError):
        return None
    message = update.get(row.kind) if isinstance(update, dict) else None
    chat = message.get("chat") if isinstance(message, dict) else None
    chat_id = chat.get("id") if isinstance(chat, dict) else row.chat_id
    number = message.get("message_id") if isinstance(message, dict) else None
    if isinstance(chat_id, int) and isinstance(number, int):
        return chat_id, number
    return None


def _in_order(keys: Iterable[tuple[int, int]]) -> Numbers:
    numbers: dict[int, set[int]] = {}
    for chat_id, number in keys:
        numbers.setdefault(chat_id, set()).add(number)
    return {chat_id: sorted(known) for chat_id, known in numbers.items()}
