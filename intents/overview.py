"""What cannot wait."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet

from intents.models import MessageAnalysis
from intents.serializers import UrgentRow
from messaging.models import Chat, Message

NEWEST_FIRST = ("-message__timestamp", "-message_id")


def urgent_messages(*, limit: int) -> list[dict[str, Any]]:
    """Urgent messages: those that still wait for an answer, then the others, each newest first."""
    waiting_since = F("message__chat__waiting_since")
    is_answered = Q(message__chat__waiting_since__isnull=True) | Q(message__timestamp__lt=waiting_since)
    urgent = MessageAnalysis.objects.filter(is_urgent=True).order_by(*NEWEST_FIRST)
    rows = _rows(urgent.filter(message__in=_unanswered_ids(limit))[:limit], unanswered=True)
    if len(rows) < limit:
        rows += _rows(urgent.filter(is_answered)[: limit - len(rows)], unanswered=False)
    return rows


def _unanswered_ids(limit: int) -> list[int]:
    """Urgent messages of each waiting chat, read chat by chat.

    As one join, PostgreSQL takes it for a large part of all messages and walks through their history.
    """
    newest = (
        Message.objects.filter(
            chat=OuterRef("pk"), timestamp__gte=OuterRef("waiting_since"), analysis__is_urgent=True
        )
        .order_by("-timestamp", "-id")
        .values("pk")[:limit]
    )
    chats = Chat.objects.filter(waiting_since__isnull=False).order_by()
    return [pk for ids in chats.values_list(ArraySubquery(newest), flat=True) for pk in ids]


def _rows(analyses: QuerySet[MessageAnalysis], *, unanswered: bool) -> list[dict[str, Any]]:
    return [{**row, "unanswered": unanswered} for row in UrgentRow.select(analyses)]
