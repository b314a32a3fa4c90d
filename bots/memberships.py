"""What our bot is in each group: removed from it, or there without the right to read. Asks Telegram.

Updates alone would not do: the one that tells of a removal may be lost, and none tells of the groups that
the bot was in before the hub.
"""

from datetime import timedelta

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from bots.calls import call
from bots.methods import GetChatMember
from bots.models import BotMembership
from messaging.models import Chat

# Each chat is asked about once a day, and again when an update says that something changed there.
ASKED_EVERY = timedelta(hours=24)
# One look takes so many calls at the most: replies go out over the same bot, 30 calls a second for all.
CALLS_PER_LOOK = 20
CALL_SECONDS = 10
GROUPS = (Chat.Type.GROUP, Chat.Type.SUPERGROUP, Chat.Type.CHANNEL)
Status = BotMembership.Status


def look_at_chats(bot_id: int) -> int:
    """Ask about the chats whose turn it is; returns how many. Raises bots.client.FAILURES."""
    due = list(_due(bot_id)[:CALLS_PER_LOOK])
    for chat in due:
        note_status(bot_id=bot_id, chat=chat, status=_ask(bot_id, chat.pk))
    return len(due)


def note_status(*, bot_id: int, chat: Chat, status: str | None) -> None:
    """Keep what the bot is there, "" for nothing; a change asks for a person's attention anew.

    None: Telegram did not say.
    """
    membership, _created = BotMembership.objects.get_or_create(
        bot_id=bot_id, chat=chat, defaults={"checked_at": Now()}
    )
    if status == "" and membership.status:
        # It was there, and Telegram does not know it there any more: as good as removed.
        status = Status.LEFT
    changes: dict[str, object] = {"checked_at": Now()}
    if status is not None and status != membership.status:
        changes |= {"status": status, "changed_at": Now(), "accepted_at": None, "accepted_by": None}
    BotMembership.objects.filter(pk=membership.pk).update(**changes)


def _due(bot_id: int) -> QuerySet[Chat]:
    """Groups never asked about first, then the longest unasked."""
    asked = BotMembership.objects.filter(bot_id=bot_id, chat=OuterRef("pk"))
    is_fresh = asked.filter(
        Q(chat__membership_at__isnull=True) | Q(chat__membership_at__lte=F("checked_at")),
        checked_at__gt=Now() - ASKED_EVERY,
    )
    groups = Chat.objects.filter(chat_type__in=GROUPS, migrated_to__isnull=True)
    last_asked = Subquery(asked.values("checked_at")[:1])
    return (
        groups.filter(~Exists(is_fresh))
        .annotate(last_asked=last_asked)
        .order_by(F("last_asked").asc(nulls_first=True), "pk")
    )


def _ask(bot_id: int, chat_id: int) -> str | None:
    """The bot's state there; "" where Telegram knows no bot of ours there, None where it cannot be told."""
    try:
        member = call(GetChatMember(chat_id=chat_id, user_id=bot_id), deadline=CALL_SECONDS)
    except (TelegramBadRequest, TelegramForbiddenError):
        return ""
    except TelegramMigrateToChat:
        return None  # the group goes on under another id, which its own message tells
    status = member.get("status")
    if status == Status.RESTRICTED and member.get("is_member") is False:
        return Status.LEFT
    return str(status) if status in Status.values else None
