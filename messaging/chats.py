"""What becomes of a chat: seen, renamed, moved, closed to us."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from cvgorod_hub.api.chats import follow_chat
from cvgorod_hub.common.bulk import insert_rows, update_rows
from messaging.activity import ACTIVITY_FIELDS, carry_over
from messaging.incoming import IncomingChat, IncomingMembership
from messaging.locks import lock_chats
from messaging.models import Chat

# Stored in English, as the API says it; pages translate it.
_MEMBERSHIP_FIELDS = ("is_active", "unreachable_reason", "membership_at", "seen_at")
_KNOWN_FIELDS = ("name", "chat_type", "migrated_to", *_MEMBERSHIP_FIELDS, *ACTIVITY_FIELDS)
_NAME_FIELDS = ("name", "chat_type", "seen_at", "updated_at")
_REMOVED = gettext_noop("The bot was removed from the chat, or blocked.")


def store_chats(sightings: Iterable[tuple[IncomingChat, datetime]]) -> dict[int, Chat]:
    """Create and rename, by the latest sighting of each chat; one older than what we know does nothing.

    Returns the chats by id, with what `messaging.activity` keeps on them. When a chat was last seen is set on
    the rows alone: their caller stores it together with what else has changed.
    """
    latest = {chat.id: (chat, at) for chat, at in sorted(sightings, key=lambda sighting: sighting[1])}
    known = Chat.objects.only(*_KNOWN_FIELDS).in_bulk(latest)
    fresh = {
        pk: Chat(id=pk, name=chat.name, chat_type=chat.chat_type, seen_at=at)
        for pk, (chat, at) in sorted(latest.items())
        if pk not in known
    }
    # In the locks' care nobody else makes them; by plain SQL somebody could.
    insert_rows(list(fresh.values()), conflict=("id",), update=_NAME_FIELDS)
    update_rows([row for row in known.values() if _rename(row, *latest[row.pk])], _NAME_FIELDS)
    # Telegram hands us what is said there, so the bot is in the chat again.
    returned = [row for row in known.values() if not row.is_active and _was_gone(row, latest[row.pk][1])]
    for row in returned:
        row.is_active, row.unreachable_reason = True, ""
    update_rows(returned, ("is_active", "unreachable_reason"))
    return fresh | known


def follow_migration(*, old_id: int, new_id: int) -> None:
    """A group became a supergroup: it goes on under another id, and its rows stay where they are.

    A client who waited there waits here; a program that saw that one sees this one.
    """
    with transaction.atomic():
        lock_chats([old_id, new_id])
        old, _created = Chat.objects.get_or_create(pk=old_id, defaults={"chat_type": Chat.Type.GROUP})
        Chat.objects.get_or_create(pk=new_id, defaults={"chat_type": Chat.Type.SUPERGROUP, "name": old.name})
        Chat.objects.filter(pk=old_id).update(migrated_to_id=new_id)
        carry_over(old_id=old_id, new_id=new_id)
        follow_chat(old_id=old_id, new_id=new_id)


def mark_unreachable(*, chat_id: int, reason: str) -> None:
    """The bot was removed or blocked; until it is back, nothing is proposed here."""
    Chat.objects.filter(pk=chat_id).update(
        is_active=False, unreachable_reason=reason[:300], membership_at=timezone.now()
    )


def note_memberships(memberships: Sequence[IncomingMembership]) -> None:
    """Telegram says whether the bot is in these chats; an older word does not undo a newer one.

    Call it with the chats locked. A fixed number of queries.
    """
    chats = store_chats((membership.chat, membership.at) for membership in memberships)
    for membership in sorted(memberships, key=lambda one: one.at):
        chat, at = chats[membership.chat.id], membership.at
        if chat.membership_at is not None and at < chat.membership_at:
            continue
        chat.membership_at = at
        # Something said after a removal that is read late shows that the bot has come back since.
        if chat.seen_at is None or chat.seen_at <= at:
            chat.is_active = membership.is_member
            chat.unreachable_reason = "" if membership.is_member else _REMOVED
    update_rows([*chats.values()], _MEMBERSHIP_FIELDS)


def _was_gone(chat: Chat, seen_at: datetime) -> bool:
    """Whether its removal is older than this sighting."""
    return chat.membership_at is None or chat.membership_at < seen_at


def _rename(known: Chat, chat: IncomingChat, at: datetime) -> bool:
    """Take over what the sighting says, unless it is older than what we know; whether the chat is renamed."""
    # Within one second the later arrival counts.
    if known.seen_at is not None and at < known.seen_at:
        return False
    is_renamed = (known.name, known.chat_type) != (chat.name, chat.chat_type)
    known.name, known.chat_type, known.seen_at = chat.name, chat.chat_type, at
    known.updated_at = timezone.now()
    return is_renamed
