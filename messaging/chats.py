"""What becomes of a chat: seen, renamed, moved, closed to us."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from messaging.activity import ACTIVITY_FIELDS, carry_over
from messaging.incoming import IncomingChat
from messaging.locks import lock_chats
from messaging.models import Chat

# Stored in English, as the API says it; pages translate it.
_KNOWN_FIELDS = ("name", "chat_type", "is_active", "membership_at", "migrated_to", *ACTIVITY_FIELDS)
_REMOVED = gettext_noop("The bot was removed from the chat, or blocked.")


def store_chats(sightings: Iterable[tuple[IncomingChat, datetime]]) -> dict[int, Chat]:
    """Create or rename, by the latest sighting; one older than the chat's last message renames nothing.

    Returns the chats by id, with what `messaging.activity` keeps on them. A chat that is as we know it is not
    written again.
    """
    latest = {chat.id: (chat, at) for chat, at in sorted(sightings, key=lambda sighting: sighting[1])}
    known = Chat.objects.only(*_KNOWN_FIELDS).in_bulk(latest)
    fresh = {
        pk: Chat(id=pk, name=chat.name, chat_type=chat.chat_type)
        for pk, (chat, at) in sorted(latest.items())
        if _is_news(known.get(pk), chat, at)
    }
    Chat.objects.bulk_create(
        fresh.values(),
        update_conflicts=True,
        update_fields=["name", "chat_type", "updated_at"],
        unique_fields=["id"],
    )
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
    store_chats([(chat, at)])
    Chat.objects.filter(Q(membership_at__isnull=True) | Q(membership_at__lte=at), pk=chat.id).update(
        is_active=is_member,
        unreachable_reason="" if is_member else _REMOVED,
        membership_at=at,
    )


def _is_news(known: Chat | None, chat: IncomingChat, at: datetime) -> bool:
    if known is None:
        return True
    is_older = known.last_message_at is not None and at < known.last_message_at
    return not is_older and (known.name, known.chat_type) != (chat.name, chat.chat_type)
