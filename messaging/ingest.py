"""Messages into the database: any number at once for a fixed number of queries.

The order in which states of a message arrive does not matter: the newest is what the message says, the
others are its earlier versions. Storing the same state twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from clients.models import RoleName
from clients.people import IncomingPerson, store_people
from cvgorod_hub.common.bulk import insert_rows, update_rows
from messaging.activity import note_activity
from messaging.adoption import adopt_imported
from messaging.chats import follow_migration, store_chats
from messaging.erased import without_erased
from messaging.incoming import IncomingMessage, Key, numbering
from messaging.locks import lock_chats
from messaging.models import Chat, Message, MessageVersion
from messaging.versions import State, as_versions, merge_states, state_of, state_of_version, take_over

# What a state says beside its words, whether or not people see a difference.
STATE_FIELDS = ("media", "edited_at", "state_at", "state_arrival")
WRITTEN_FIELDS = ("text", "message_type", "timestamp", *STATE_FIELDS)

# What an edit does not touch, and whoever is handed the changed message must know.
KEPT_FIELDS = ("source", "deleted_at", "transcript", "transcript_state")


def store_messages(batch: Sequence[IncomingMessage]) -> list[Message]:
    """Store states of messages, with their chats and people; returns the messages that changed.

    The returned messages have their ids, and `user` with `role` loaded. All or nothing.
    """
    if not batch:
        return []
    with transaction.atomic(savepoint=False):
        lock_chats(chat_id for incoming in batch for chat_id in incoming.chat_ids)
        chats = store_chats((incoming.chat, incoming.said_at) for incoming in batch)
        people = store_people([(incoming.sender, incoming.said_at) for incoming in batch if incoming.sender])
        if moves := [move for incoming in batch for move in _moves(incoming)]:
            for old_id, new_id in moves:
                follow_migration(old_id=old_id, new_id=new_id)
            update_rows([*chats.values()], ["seen_at"])
            chats = {}  # no longer what is stored
        changed = _store_states([without_erased(incoming, people) for incoming in batch])
        for message in changed:
            if message.user_id is not None:
                message.user = people[message.user_id]
        note_activity(changed, known=chats)
        # Where nothing visible changed, the chat was seen all the same.
        noted = {message.chat_id for message in changed}
        update_rows([chat for chat_id, chat in chats.items() if chat_id not in noted], ["seen_at"])
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
        numbered_by=numbering(Chat.objects.values_list("chat_type", flat=True).get(pk=chat_id), sender.id),
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
    stored = {key_of(message): message for message in _find_stored(batch)}
    arriving: dict[Key, list[IncomingMessage]] = defaultdict(list)
    for incoming in batch:
        arriving[incoming.key].append(incoming)
    for key, row in stored.items():
        # It says nothing any more, or is about to.
        if row.erased_at is not None or any(state.erased_at is not None for state in arriving.get(key, ())):
            arriving.pop(key, None)
    adopted = adopt_imported(arriving, stored)
    stored |= adopted
    earlier = _earlier_versions(stored.values())

    changed: list[Message] = []
    unseen: list[Message] = []
    said_before: list[tuple[Message, list[State]]] = []
    for key, told in arriving.items():
        if key in adopted and adopted[key].erased_at is not None:
            continue
        # What no edit changes is taken from the earliest state.
        rows = sorted(map(_as_row, told), key=lambda row: state_of(row).place)
        before = stored.get(key)
        if before is None and len(rows) == 1:
            changed += rows
            continue
        owner = before or rows[0]
        known = [before] if before is not None and not _is_told_again(before, rows) else []
        states = [*map(state_of, [*rows, *known])]
        states += [state_of_version(version, owner) for version in earlier.get(owner.pk, ())]
        *past, current = merge_states(states)
        if before is None or key in adopted or not current.looks_like(state_of(before)):
            owner = take_over(rows[0], current)
            if before is not None:
                for name in ("pk", *KEPT_FIELDS):
                    setattr(owner, name, getattr(before, name))
            changed.append(owner)
        elif current != state_of(before):
            # Nothing that people see; but a state between the two, read later, must not win.
            unseen.append(take_over(before, current))
        said_before.append((owner, past))
    _write(changed)
    if unseen:
        update_rows(unseen, STATE_FIELDS)
    _write_versions(said_before, earlier)
    return changed


def _is_told_again(before: Message, rows: Iterable[Message]) -> bool:
    """Whether a state that an export told comes from Telegram now, which knows its file better."""
    if before.state_arrival:
        return False
    told = (before.text, before.edited_at or before.timestamp)
    return any(row.state_arrival and told == (row.text, row.edited_at or row.timestamp) for row in rows)


def _earlier_versions(messages: Iterable[Message]) -> dict[int, list[MessageVersion]]:
    earlier: dict[int, list[MessageVersion]] = defaultdict(list)
    ids = [message.pk for message in messages]
    for version in MessageVersion.objects.filter(message__in=ids) if ids else ():
        earlier[version.message_id].append(version)
    return earlier


def _write_versions(
    said_before: Iterable[tuple[Message, list[State]]], earlier: Mapping[int, list[MessageVersion]]
) -> None:
    """Make the earlier versions of each message what its states say they are."""
    fresh: list[MessageVersion] = []
    outdated: list[int] = []
    for message, states in said_before:
        known = {_said(version): version for version in earlier.get(message.pk, ())}
        wanted = {_said(version): version for version in as_versions(states, message)}
        fresh += [version for said, version in wanted.items() if said not in known]
        outdated += [version.pk for said, version in known.items() if said not in wanted]
    if outdated:
        MessageVersion.objects.filter(pk__in=outdated).delete()
    MessageVersion.objects.bulk_create(fresh, ignore_conflicts=True)


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
    """Insert what is new, update what is there; nobody else stores messages of a chat that is locked here.

    Not one statement for both: ON CONFLICT needs a unique index, which partitions by month cannot have
    (docs/partitioning.sql).
    """
    update_rows([row for row in rows if row.pk is not None], WRITTEN_FIELDS)
    insert_rows([row for row in rows if row.pk is None])


def _as_row(incoming: IncomingMessage) -> Message:
    return Message(
        chat_id=incoming.chat.id,
        telegram_message_id=incoming.telegram_message_id,
        numbered_by=incoming.numbered_by,
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
        erased_at=incoming.erased_at,
        erased_for=Message.ErasedFor.NOTHING if incoming.erased_at is None else Message.ErasedFor.REQUEST,
        state_at=incoming.said_at,
        state_arrival=incoming.arrival,
    )


def key_of(row: Message) -> Key:
    """What `IncomingMessage.key` says of the same message."""
    number = row.origin if row.telegram_message_id is None else row.telegram_message_id
    return (row.chat_id, row.business_connection_id, row.numbered_by, number)


def _said(version: MessageVersion) -> tuple[object, ...]:
    return (version.text, version.valid_from, version.seen_until)
