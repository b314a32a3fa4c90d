"""What becomes of a chat: seen, renamed, moved, closed to us."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from messaging.activity import carry_over
from messaging.incoming import IncomingChat
from messaging.locks import lock_chats
from messaging.models import Chat

# Stored in English, as the API says it; pages translate it.
_REMOVED = gettext_noop("The bot was removed from the chat, or blocked.")


def store_chats(sightings: Iterable[tuple[IncomingChat, datetime]]) -> None:
    """Create and rename, by the latest sighting of each chat; one older than what we know does nothing."""
    latest = {chat.id: (chat, at) for chat, at in sorted(sightings, key=lambda sighting: sighting[1])}
    known = {chat.pk: chat for chat in Chat.objects.filter(pk__in=latest)}
    news = {chat_id: seen for chat_id, seen in latest.items() if _is_news(known.get(chat_id), *seen)}
    Chat.objects.bulk_create(
        (
            Chat(id=chat_id, name=chat.name, chat_type=chat.chat_type, seen_at=at)
            for chat_id, (chat, at) in sorted(news.items())
        ),
        update_conflicts=True,
        update_fields=["name", "chat_type", "seen_at", "updated_at"],
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
    newest = Chat.objects.filter(Q(membership_at__isnull=True) | Q(membership_at__lte=at), pk=chat.id)
    # Something said after a removal that is read late shows that the bot has come back since.
    newest.filter(seen_at__lte=at).update(
        is_active=is_member, unreachable_reason="" if is_member else _REMOVED
    )
    newest.update(membership_at=at)


def _is_news(known: Chat | None, chat: IncomingChat, at: datetime) -> bool:
    if known is None or known.seen_at is None or at > known.seen_at:
        return True
    # Within one second the later arrival counts.
    return at == known.seen_at and (known.name, known.chat_type) != (chat.name, chat.chat_type)
