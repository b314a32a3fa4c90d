"""What was meant lately, counted; and what cannot wait."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from intents.models import MessageAnalysis
from intents.serializers import UrgentRow
from messaging.models import Chat, Message

NEWEST_FIRST = ("-message__timestamp", "-message_id")


def analysed_since(since: datetime | None) -> QuerySet[MessageAnalysis]:
    """Analyses of messages sent since then, without people whose role is left out of statistics."""
    counted = Q(message__user__isnull=True) | Q(message__user__role__exclude_from_analytics=False)
    return MessageAnalysis.objects.filter(counted, message__timestamp__gte=since).order_by()


def count_by_intent_and_sentiment(
    analyses: QuerySet[MessageAnalysis],
) -> tuple[dict[str, int], dict[str, int]]:
    """How many of each intent and of each sentiment; what did not occur is not named."""
    by_intent: dict[str, int] = {}
    by_sentiment: dict[str, int] = {}
    for intent, sentiment, count in analyses.values_list("intent", "sentiment").annotate(n=Count("pk")):
        by_intent[intent] = by_intent.get(intent, 0) + count
        by_sentiment[sentiment] = by_sentiment.get(sentiment, 0) + count
    return by_intent, by_sentiment


def count_by_day(analyses: QuerySet[MessageAnalysis]) -> list[dict[str, Any]]:
    """`{"date", "intent", "count"}`, the newest day first, the most frequent intent first within it.

    Days begin at midnight in the hub's TIME_ZONE.
    """
    days = analyses.values("intent", date=TruncDate("message__timestamp")).annotate(count=Count("pk"))
    return [
        {"date": row["date"], "intent": row["intent"], "count": row["count"]}
        for row in days.order_by("-date", "-count", "intent")
    ]


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
