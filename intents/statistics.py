"""What was meant since when, counted in one statement of constant cost.

SQL of its own for the reasons that messaging/statistics.py gives; how the counts come about say migration 0004 here
and 0009 there. People whose role is left out of statistics do not count; where a channel speaks, it does.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from intents.models import MessageAnalysis
from messaging.quarters import END, Period, quarter_of

_NODES = "unnest(%(levels)s::int[], %(firsts)s::int[], %(ends)s::int[]) AS nodes (level, first, \"end\")"
_IS_COUNTED = "role_id <> ALL (ARRAY(SELECT id FROM user_roles WHERE exclude_from_analytics))"
_BEGUN = """
    SELECT coalesce((SELECT role_id FROM users WHERE id = said.user_id), 0) AS role_id,
           meant.intent, meant.sentiment, 1 AS analyses
      FROM messages AS said, LATERAL (
        SELECT intent, sentiment FROM message_analysis WHERE message_id = said.id OFFSET 0
      ) AS meant
     WHERE said.timestamp >= %(since)s::timestamptz AND said.timestamp < %(whole_from)s::timestamptz
"""

SUMMARY = f"""
SELECT intent, sentiment, sum(analyses)::bigint
  FROM (
    SELECT node.* FROM {_NODES}, LATERAL (
        SELECT role_id, intent, sentiment, analyses FROM analysis_counts
         WHERE level = nodes.level AND bucket >= nodes.first AND bucket < nodes."end" OFFSET 0
    ) AS node
    UNION ALL
    SELECT role_id, intent, sentiment, analyses FROM analysis_count_changes WHERE bucket >= %(first_whole)s
    UNION ALL
    {_BEGUN}
  ) AS counted
 WHERE {_IS_COUNTED}
 GROUP BY 1, 2 HAVING sum(analyses) <> 0
"""  # noqa: S608  (a constant)

# The first day from the tree, since it is seldom whole; later ones from the days, or, until these have followed
# a change of TIME_ZONE, from the quarters.
DAILY = f"""
WITH calendar AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM analysis_calendar WHERE time_zone = %(time_zone)s) AS is_current
)
SELECT date, intent, sum(analyses)::bigint
  FROM (
    SELECT %(first_date)s::date AS date, node.* FROM {_NODES}, LATERAL (
        SELECT role_id, intent, analyses FROM analysis_counts
         WHERE level = nodes.level AND bucket >= nodes.first AND bucket < nodes."end" OFFSET 0
    ) AS node
    UNION ALL
    SELECT date, role_id, intent, analyses FROM analysis_days
     WHERE date > %(first_date)s::date AND (SELECT is_current FROM calendar)
    UNION ALL
    SELECT analysis_date(bucket, %(time_zone)s), role_id, intent, analyses FROM analysis_counts
     WHERE level = 0 AND bucket >= %(second_day)s AND NOT (SELECT is_current FROM calendar)
    UNION ALL
    SELECT analysis_date(bucket, %(time_zone)s), role_id, intent, analyses FROM analysis_count_changes
     WHERE bucket >= %(first_whole)s
    UNION ALL
    SELECT %(first_date)s::date, role_id, intent, analyses FROM ({_BEGUN}) AS begun
  ) AS counted
 WHERE {_IS_COUNTED}
 GROUP BY 1, 2 HAVING sum(analyses) <> 0
 ORDER BY 1 DESC, 3 DESC, 2
"""  # noqa: S608  (a constant)

Counts = dict[str, int]
DAY_COLUMNS = ("date", "intent", "count")


def count_by_intent_and_sentiment(
    since: datetime, *, chat_ids: Collection[int] | None = None
) -> tuple[Counts, Counts]:
    """How many of each intent and of each sentiment; what did not occur is not named."""
    by_intent: Counts = {}
    by_sentiment: Counts = {}
    if chat_ids is None:
        rows = _read(SUMMARY, Period(since=since).parameters())
    else:
        analyses = _analyses_of(chat_ids, since).values_list("intent", "sentiment")
        rows = list(analyses.annotate(count=Count("pk")))
    for intent, sentiment, count in rows:
        by_intent[intent] = by_intent.get(intent, 0) + count
        by_sentiment[sentiment] = by_sentiment.get(sentiment, 0) + count
    return by_intent, by_sentiment


def count_by_day(since: datetime, *, chat_ids: Collection[int] | None = None) -> list[dict[str, Any]]:
    """`{"date", "intent", "count"}`, the newest day first, the most frequent intent first within it.

    Days begin at midnight in the hub's TIME_ZONE.
    """
    if chat_ids is None:
        rows = _read(DAILY, _daily_parameters(since))
    else:
        days = _analyses_of(chat_ids, since).values_list(TruncDate("message__timestamp"), "intent")
        rows = list(days.annotate(count=Count("pk")).order_by("-truncdate1", "-count", "intent"))
    return [dict(zip(DAY_COLUMNS, row, strict=True)) for row in rows]


def follow_time_zone() -> bool:
    """Count the days anew where TIME_ZONE is another one than theirs; returns whether it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM analysis_calendar WHERE time_zone = %s)", [settings.TIME_ZONE])
        if cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT analysis_days_rebuild(%s)", [settings.TIME_ZONE])
        return True


def _daily_parameters(since: datetime) -> dict[str, Any]:
    zone = ZoneInfo(settings.TIME_ZONE)
    first_date = since.astimezone(zone).date()
    midnight = datetime.combine(first_date + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    second_day = quarter_of(midnight)
    return {
        **Period(since=since).parameters(until=second_day),
        "time_zone": settings.TIME_ZONE,
        "first_date": first_date,
        "second_day": second_day,
    }


def _read(statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _analyses_of(chat_ids: Collection[int], since: datetime) -> QuerySet[MessageAnalysis]:
    counted = Q(message__user__isnull=True) | Q(message__user__role__exclude_from_analytics=False)
    in_period = MessageAnalysis.objects.filter(message__chat_id__in=chat_ids, message__timestamp__gte=since)
    return in_period.filter(counted).order_by()
