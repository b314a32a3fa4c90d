"""Chats in which a client waits for an answer."""

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from cvgorod_hub.common.statements import Param
from messaging.models import Chat, Message


def waiting_chats(*, since: datetime | Param) -> QuerySet[Chat]:
    """Chats where a client waits since then or later, with that first unanswered message.

    Annotates `message_id`, `text`, `transcript` and `message_type` of the message.
    """
    first = Message.objects.filter(
        chat=OuterRef("pk"),
        timestamp=OuterRef("waiting_since"),
        user__role__is_bot=False,
        deleted_at__isnull=True,
    )
    first = first.exclude(erased_for=Message.ErasedFor.REQUEST).order_by("id")
    waiting: QuerySet[Chat] = Chat.objects.filter(waiting_since__gte=since).annotate(
        message_id=Subquery(first.values("pk")[:1]),
        text=Subquery(first.values("text")[:1]),
        transcript=Subquery(first.values("transcript")[:1]),
        message_type=Subquery(first.values("message_type")[:1]),
    )
    return waiting
