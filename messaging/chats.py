"""What becomes of a chat: seen, renamed, moved, closed to us."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from cvgorod_hub.common.bulk import insert_rows, update_rows
from messaging.activity import ACTIVITY_FIELDS, carry_over
from messaging.incoming import IncomingChat
from messaging.locks import lock_chats
from messaging.models import Chat

# Stored in English, as the API says it; pages translate it.
_KNOWN_FIELDS = ("name", "chat_type", "is_active", "membership_at", "migrated_to", *ACTIVITY_FIELDS)
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
    returned = [
        row.pk
        for row in known.values()
        if not row.is_active and (row.membership_at is None or row.membership_at < latest[row.pk][1])
    ]
    if returned:
        Chat.objects.filter(pk__in=returned).update(is_active=True, unreachable_reason="")
    return fresh | known


def follow_migration(*, old_id: int, new_id: int) -> None:
    """A group became a supergroup: it goes on under another id, and its rows stay where they are.

    A client who waited there waits here.
    """
    with transaction.atomic():
        lock_chats([old_id, new_id])
        old, _created = Chat.objects.get_or_create(pk=old_id, defaults={"chat_type": Chat.Type.GROUP})
        Chat.objects.get_or_create(pk=new_id, defaults={"chat_type": Chat.Type.SUPERGROUP, "name": old.name})
        Chat.objects.filter(pk=old_id).update(migrated_to_id=new_id)
        carry_over(old_id=old_id, new_id=new_id)


def mark_unreachable(*, chat_id: int, reason: str) -> None:
    """The bot was removed or blocked; until it is back, nothing is proposed here."""
    Chat.objects.filter(pk=chat_id).update(
        is_active=False, unreachable_reason=reason[:300], membership_at=timezone.now()
    )


def note_membership(*, chat: IncomingChat, is_member: bool, at: datetime) -> None:
    """Telegram says whether the bot is in the chat; an older word does not undo a newer one."""
    update_rows([*store_chats([(chat, at)]).values()], ["seen_at"])
    newest = Chat.objects.filter(Q(membership_at__isnull=True) | Q(membership_at__lte=at), pk=chat.id)
    # Something said after a removal that is read late shows that the bot has come back since.
    newest.filter(seen_at__lte=at).update(
        is_active=is_member, unreachable_reason="" if is_member else _REMOVED
    )
    newest.update(membership_at=at)


def _rename(known: Chat, chat: IncomingChat, at: datetime) -> bool:
    """Take over what the sighting says, unless it is older than what we know; whether the chat is renamed."""
    # Within one second the later arrival counts.
    if known.seen_at is not None and at < known.seen_at:
        return False
    is_renamed = (known.name, known.chat_type) != (chat.name, chat.chat_type)
    known.name, known.chat_type, known.seen_at = chat.name, chat.chat_type, at
    known.updated_at = timezone.now()
    return is_renamed
