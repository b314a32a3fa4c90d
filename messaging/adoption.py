"""Imported messages that Telegram hands over itself: whoever brings in an export before the collector has
caught up does so.

They are news after all, and stay one row. So it does not matter which comes first, the export or the update.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import BigIntegerField, Func

from cvgorod_hub.common.bulk import update_rows
from messaging.incoming import NUMBERED_ONCE, IncomingMessage, Key
from messaging.models import Message

# Who, when, whether it is a service message, and the words.
Likeness = tuple[int, datetime, bool, str]

# Of these the hub makes words itself, and an export has none.
_WITHOUT_WORDS = frozenset({"poll", "contact", "venue", "checklist", "game", "invoice", "service"})
# What the update says, and no edit of it would.
_ADOPTED_FIELDS = (
    "telegram_message_id",
    "numbered_by",
    "business_connection_id",
    "origin",
    "user",
    "sender_chat_id",
    "reply_to_message_id",
    "message_thread_id",
    "media_group_id",
    "forwarded_from",
    "source",
)


class _ThisTransaction(Func):
    template = "pg_current_xact_id()::text::bigint"
    output_field = BigIntegerField()


def likeness(*, speaker: int | None, at: datetime, message_type: str, text: str) -> Likeness:
    """What tells messages of one chat apart where their numbers do not."""
    words = "" if message_type in _WITHOUT_WORDS else text
    return (speaker or 0, at, message_type == Message.Type.SERVICE, words)


def adopt_imported(
    arriving: Mapping[Key, Sequence[IncomingMessage]], stored: Mapping[Key, Message]
) -> dict[Key, Message]:
    """Make news of those imported rows that one of these messages is; returns them by its key.

    An edit alone adopts nothing: it may be of a message that is years old. Call it with the chats locked.
    """
    originals = {
        key: states for key, states in arriving.items() if any(state.edited_at is None for state in states)
    }
    adopted = {
        key: stored[key]
        for key in originals.keys() & stored.keys()
        if stored[key].source == Message.Source.IMPORT
    }
    adopted |= _find_alike({key: states for key, states in originals.items() if key not in stored})
    for key, row in adopted.items():
        _take_place(row, min(originals[key], key=lambda state: state.said_at))
    if adopted:
        rows = sorted(adopted.values(), key=lambda row: row.pk)
        update_rows(rows, _ADOPTED_FIELDS)
        # Readers of changes are past the import's own, or were not shown it.
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(
            changed_xid=_ThisTransaction(), said_xid=None
        )
    return adopted


def _find_alike(new: Mapping[Key, Sequence[IncomingMessage]]) -> dict[Key, Message]:
    """Where an export's numbers mean nothing here, the first row that says the same as any state."""
    wanted = {
        key: states
        for key, states in new.items()
        if states[0].chat.chat_type not in NUMBERED_ONCE and states[0].telegram_message_id is not None
    }
    if not wanted:
        return {}
    moments = {(state.chat.id, state.timestamp) for states in wanted.values() for state in states}
    imported = _imported(moments)
    found: dict[Key, Message] = {}
    for key, states in wanted.items():
        alike = next((rows for state in states if (rows := imported.get(_place_of(state)))), None)
        if alike:
            found[key] = alike.pop(0)
    return found


def _imported(moments: Collection[tuple[int, datetime]]) -> dict[tuple[int, Likeness], list[Message]]:
    """What exports brought in without a number, at these moments; equals in their order."""
    # As pairs: two lists would make the index look for every second in every chat.
    pairs = "(chat_id, timestamp) IN (SELECT * FROM unnest(%s::bigint[], %s::timestamptz[]))"
    chat_ids, times = zip(*moments, strict=True)
    rows = (
        Message.objects.defer("search_vector")
        .filter(source=Message.Source.IMPORT, telegram_message_id__isnull=True)
        .extra(where=[pairs], params=[[*chat_ids], [*times]])  # noqa: S610
    )
    found: dict[tuple[int, Likeness], list[Message]] = defaultdict(list)
    for row in sorted(rows.order_by("id").select_for_update(), key=_nth):
        said = likeness(
            speaker=row.user_id or row.sender_chat_id,
            at=row.timestamp,
            message_type=row.message_type,
            text=row.text,
        )
        found[row.chat_id, said].append(row)
    return found


def _nth(row: Message) -> int:
    """Which of its equals it is, as `messaging.history.matching.origin_of` says."""
    return int(str(row.origin).rpartition(":")[2])


def _place_of(state: IncomingMessage) -> tuple[int, Likeness]:
    said = likeness(
        speaker=state.sender.id if state.sender else state.sender_chat_id,
        at=state.timestamp,
        message_type=state.message_type,
        text=state.text,
    )
    return state.chat.id, said


def _take_place(row: Message, told: IncomingMessage) -> None:
    """Let the row stand where the update's message stands."""
    row.telegram_message_id, row.numbered_by = told.telegram_message_id, told.numbered_by
    row.business_connection_id, row.origin = told.business_connection_id, None
    row.user_id = told.sender.id if told.sender else None
    row.sender_chat_id, row.reply_to_message_id = told.sender_chat_id, told.reply_to_message_id
    row.message_thread_id, row.media_group_id = told.message_thread_id, told.media_group_id
    row.forwarded_from, row.source = told.forwarded_from, Message.Source.TELEGRAM
