"""Messages into the database: any number at once for a fixed number of queries.

The order in which states of a message arrive does not matter: the newest is what the message says, the
others are its earlier versions. Storing the same state twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from django.db import transaction

from clients.models import RoleName
from clients.people import IncomingPerson, store_people
from cvgorod_hub.common.bulk import insert_rows, update_rows
from messaging.activity import note_activity
from messaging.chats import follow_migration, store_chats
from messaging.incoming import IncomingMessage
from messaging.locks import lock_chats
from messaging.models import Message, MessageVersion

Key = tuple[int, str, int | str | None]

# What an edit may change. A state that differs in none of these is not a new version.
VISIBLE_FIELDS = ("text", "message_type", "media")
STATE_FIELDS = ("state_at", "state_arrival")
WRITTEN_FIELDS = (*VISIBLE_FIELDS, "edited_at", "timestamp", *STATE_FIELDS)


def store_messages(batch: Sequence[IncomingMessage]) -> list[Message]:
    """Store states of messages, with their chats and people; returns the messages that changed.

    The returned messages have their ids, and `user` with `role` loaded. All or nothing.
    """
    if not batch:
        return []
    with transaction.atomic(savepoint=False):
        lock_chats(chat_id for incoming in batch for chat_id in incoming.chat_ids)
        chats = store_chats((incoming.chat, incoming.said_at) for incoming in batch)
        people = store_people(
            [(incoming.sender, incoming.timestamp) for incoming in batch if incoming.sender]
        )
        if moves := [move for incoming in batch for move in _moves(incoming)]:
            for old_id, new_id in moves:
                follow_migration(old_id=old_id, new_id=new_id)
            chats = {}  # no longer what is stored
        changed = _store_states(batch)
        for message in changed:
            if message.user_id is not None:
                message.user = people[message.user_id]
        note_activity(changed, known=chats)
    return changed


def _moves(incoming: IncomingMessage) -> Iterable[tuple[int, int]]:
    """(old chat, new chat) where the message says that a group became a supergroup."""
    if incoming.migrated_to is not None:
        yield incoming.chat.id, incoming.migrated_to
    if incoming.migrated_from is not None:
        yield incoming.migrated_from, incoming.chat.id


def record_sent(
    *,
    chat_id: int,
    telegram_message_id: int,
    text: str,
    sent_at: datetime,
    sender: IncomingPerson,
    reply_to_message_id: int | None,
) -> None:
    """Our own message takes its place in the history; Telegram does not send it back to us.

    Call it inside a transaction.
    """
    lock_chats([chat_id])
    sender_row = store_people([(sender, sent_at)], new_bots=RoleName.ASSISTANT_BOT)[sender.id]
    message, _created = Message.objects.get_or_create(
        chat_id=chat_id,
        telegram_message_id=telegram_message_id,
        business_connection_id="",
        defaults={
            "user": sender_row,
            "text": text,
            "timestamp": sent_at,
            "reply_to_message_id": reply_to_message_id,
            "source": Message.Source.SENT,
        },
    )
    note_activity([message])


def record_sent_without_id(*, chat_id: int, text: str, sent_at: datetime, origin: str) -> None:
    """The same for a message that a person saw arrive, whose id nobody knows."""
    lock_chats([chat_id])
    message, _created = Message.objects.get_or_create(
        origin=origin,
        defaults={
            "chat_id": chat_id,
            "text": text,
            "timestamp": sent_at,
            "source": Message.Source.SENT,
        },
    )
    note_activity([message])


def _store_states(batch: Sequence[IncomingMessage]) -> list[Message]:
    states: dict[Key, list[Message]] = defaultdict(list)
    stored = {_key(message): message for message in _find_stored(batch)}
    for key, message in stored.items():
        states[key].append(message)
    for incoming in batch:
        states[incoming.key].append(_as_row(incoming))

    changed: list[Message] = []
    unseen: list[Message] = []
    versions: list[tuple[Message, Message]] = []
    for key, rows in states.items():
        rows.sort(key=_place)
        current, before = rows[-1], stored.get(key)
        if before is None or _differ(before, current):
            changed.append(current)
        elif _place(before) != _place(current):
            # Nothing that people see; but a state between the two, read later, must not win.
            before.state_at, before.state_arrival = current.state_at, current.state_arrival
            unseen.append(before)
        owner = before or current
        versions += [(owner, row) for row, later in pairwise(rows) if _differ(row, later)]
    _write(changed)
    if unseen:
        update_rows(unseen, STATE_FIELDS)
    ids = {_key(message): message.pk for message in (*stored.values(), *changed)}
    MessageVersion.objects.bulk_create(
        (
            MessageVersion(
                message_id=ids[_key(owner)],
                text=row.text,
                media=row.media,
                valid_from=row.edited_at or row.timestamp,
            )
            for owner, row in versions
        ),
        ignore_conflicts=True,
    )
    return changed


def _find_stored(batch: Iterable[IncomingMessage]) -> Iterable[Message]:
    """The rows of these messages, locked in one order, so that two writers never block each other."""
    numbers = {(one.chat.id, one.telegram_message_id) for one in batch if one.telegram_message_id is not None}
    origins = {one.origin for one in batch if one.telegram_message_id is None}
    rows = Message.objects.defer("search_vector").order_by("id").select_for_update()
    found: list[Message] = []
    if numbers:
        chat_ids, message_ids = zip(*numbers, strict=True)
        # As pairs: two lists would make the index look for every number in every chat.
        pairs = "(chat_id, telegram_message_id) IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[]))"
        found += rows.extra(where=[pairs], params=[[*chat_ids], [*message_ids]])  # noqa: S610
    if origins:
        found += rows.filter(origin__in=origins)
    return found


def _write(rows: Sequence[Message]) -> None:
    """Insert or update; a row inserted by somebody else at this moment is updated like any other."""
    by_key = [
        (
            [row for row in rows if row.telegram_message_id is not None],
            ("chat", "telegram_message_id", "business_connection_id", "numbered_by"),
        ),
        ([row for row in rows if row.telegram_message_id is None], ("origin",)),
    ]
    for group, unique_fields in by_key:
        if group:
            insert_rows(group, conflict=unique_fields, update=WRITTEN_FIELDS)


def _as_row(incoming: IncomingMessage) -> Message:
    return Message(
        chat_id=incoming.chat.id,
        telegram_message_id=incoming.telegram_message_id,
        business_connection_id=incoming.business_connection_id,
        origin=incoming.origin if incoming.telegram_message_id is None else None,
        user_id=incoming.sender.id if incoming.sender else None,
        sender_chat_id=incoming.sender_chat_id,
        text=incoming.text,
        message_type=incoming.message_type,
        reply_to_message_id=incoming.reply_to_message_id,
        message_thread_id=incoming.message_thread_id,
        media_group_id=incoming.media_group_id,
        forwarded_from=incoming.forwarded_from,
        media=incoming.media,
        timestamp=incoming.timestamp,
        edited_at=incoming.edited_at,
        state_at=incoming.said_at,
        state_arrival=incoming.arrival,
    )


def _place(row: Message) -> tuple[datetime, bool, int]:
    """Where a state stands among the states of its message: an edit after the original of its second."""
    return (row.state_at or row.edited_at or row.timestamp, row.edited_at is not None, row.state_arrival)


def _key(row: Message) -> Key:
    number = row.origin if row.telegram_message_id is None else row.telegram_message_id
    return (row.chat_id, row.business_connection_id, number)


def _differ(one: Message, other: Message) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in VISIBLE_FIELDS)
