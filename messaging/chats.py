"""What becomes of a chat: seen, renamed, moved, closed to us."""

from collections.abc import Iterable

from django.db import transaction

from messaging.incoming import IncomingChat
from messaging.models import Chat


def store_chats(incoming: Iterable[IncomingChat]) -> None:
    """Create or rename; a chat that is as we know it is not written again."""
    wanted = {chat.id: chat for chat in incoming}
    known = {chat.pk: (chat.name, chat.chat_type) for chat in Chat.objects.filter(pk__in=wanted)}
    Chat.objects.bulk_create(
        (
            Chat(id=chat.id, name=chat.name, chat_type=chat.chat_type)
            for _id, chat in sorted(wanted.items())
            if known.get(chat.id) != (chat.name, chat.chat_type)
        ),
        update_conflicts=True,
        update_fields=["name", "chat_type", "updated_at"],
        unique_fields=["id"],
    )


def follow_migration(*, old_id: int, new_id: int) -> None:
    """A group became a supergroup: it goes on under another id, and its rows stay where they are."""
    with transaction.atomic():
        old, _created = Chat.objects.get_or_create(pk=old_id, defaults={"chat_type": Chat.Type.GROUP})
        Chat.objects.get_or_create(pk=new_id, defaults={"chat_type": Chat.Type.SUPERGROUP, "name": old.name})
        Chat.objects.filter(pk=old_id).update(migrated_to_id=new_id, waiting_since=None)


def mark_unreachable(*, chat_id: int) -> None:
    """The bot was removed or blocked; until it is back, nothing is proposed here."""
    Chat.objects.filter(pk=chat_id).update(is_active=False)


def note_membership(*, chat: IncomingChat, is_member: bool) -> None:
    """Telegram says whether the bot is in the chat."""
    store_chats([chat])
    Chat.objects.filter(pk=chat.id).update(is_active=is_member)
