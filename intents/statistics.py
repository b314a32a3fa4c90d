"""What was meant since when, counted in one statement of constant cost.

SQL of its own for the reasons that messaging/statistics.py gives; how the counts come about say migration
0004 here and 0009 there. People whose role is left out of statistics do not count; where a channel speaks,
it does.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from cvgorod_hub.common.prepared import fetch_prepared
from cvgorod_hub.common.together import Question
from intents.models import Intent, MessageAnalysis, Sentiment
from messaging.quarters import END, Period, quarter_of
from messaging.statistics import BEGUN, FIRST_WHOLE, NODES

# Each label's column in the counts, `intent_order` for an order.
_INTENTS = [f"intent_{intent}" for intent in Intent.values]
_SENTIMENTS = [f"sentiment_{sentiment}" for sentiment in Sentiment.values]
_NAMES = ", ".join([*_INTENTS, *_SENTIMENTS])
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in [*_INTENTS, *_SENTIMENTS])
_INTENT_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in _INTENTS)
_ONES = ", ".join(
    [f"(meant.intent = '{intent}')::int" for intent in Intent.values]
    + [f"(meant.sentiment = '{sentiment}')::int" for sentiment in Sentiment.values]
)

# As in messaging/statistics.py, the shape keeps a generic plan, and that on the keys' indexes.
_NODES = f"""
    SELECT node.*
      FROM {NODES}, LATERAL (
        SELECT role_id, {_NAMES} FROM analysis_counts
         WHERE level = nodes.level AND bucket >= nodes.first AND bucket < nodes.stop OFFSET 0
    ) AS node
"""  # noqa: S608  (constants, here and below)
_IS_COUNTED = "role_id <> ALL (ARRAY(SELECT id FROM user_roles WHERE exclude_from_analytics))"
_BEGUN = f"""
    SELECT coalesce((SELECT role_id FROM users WHERE id = said.user_id OFFSET 0), 0) AS role_id, {_ONES}
      FROM messages AS said, LATERAL (
        SELECT intent, sentiment FROM message_analysis WHERE message_id = said.id OFFSET 0
      ) AS meant
     WHERE {BEGUN}
    OFFSET 0
"""  # noqa: S608

SUMMARY = f"""
SELECT {_SUMS}
  FROM (
    {_NODES}
    UNION ALL
    SELECT role_id, {_NAMES} FROM analysis_count_changes WHERE bucket >= {FIRST_WHOLE}
    UNION ALL
    ({_BEGUN})
  ) AS counted
 WHERE {_IS_COUNTED}
"""  # noqa: S608

# The first day from the tree, since it is seldom whole; later ones from the days, or, until these have
# followed a change of TIME_ZONE, from the quarters.
DAILY = f"""
WITH calendar AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM analysis_calendar WHERE time_zone = %(time_zone)s) AS is_current
)
SELECT date, {_INTENT_SUMS}
  FROM (
    SELECT %(first_date)s::date AS date, head.* FROM ({_NODES}) AS head
    UNION ALL
    SELECT date, role_id, {_NAMES} FROM analysis_days
     WHERE date > (SELECT %(first_date)s::date) AND date <= (SELECT %(last_date)s::date)
       AND (SELECT is_current FROM calendar)
    UNION ALL
    SELECT analysis_date(bucket, %(time_zone)s), role_id, {_NAMES} FROM analysis_counts
     WHERE level = 0 AND bucket >= (SELECT %(second_day)s::int) AND bucket < (SELECT %(end)s::int)
       AND NOT (SELECT is_current FROM calendar)
    UNION ALL
    SELECT analysis_date(bucket, %(time_zone)s), role_id, {_NAMES} FROM analysis_count_changes
     WHERE bucket >= {FIRST_WHOLE}
    UNION ALL
    SELECT %(first_date)s::date, begun.* FROM ({_BEGUN}) AS begun
  ) AS counted
 WHERE {_IS_COUNTED}
 GROUP BY date
 ORDER BY date DESC
"""  # noqa: S608

Counts = dict[str, int]


def count_by_intent_and_sentiment(
    since: datetime, *, chat_ids: Collection[int] | None = None
) -> tuple[Counts, Counts]:
    """How many of each intent and of each sentiment; what did not occur is not named."""
    if chat_ids is not None:
        analyses = _analyses_of(chat_ids, since)
        return _count_values(analyses, "intent"), _count_values(analyses, "sentiment")
    counts = fetch_prepared(SUMMARY, Period(since=since).parameters())[0]
    by_intent, by_sentiment = counts[: len(_INTENTS)], counts[len(_INTENTS) :]
    return _name_counts(Intent.values, by_intent), _name_counts(Sentiment.values, by_sentiment)


def count_by_day(since: datetime, *, chat_ids: Collection[int] | None = None) -> list[dict[str, Any]]:
    """`{"date", "intent", "count"}`, the newest day first, the most frequent intent first within it.

    Days begin at midnight in the hub's TIME_ZONE.
    """
    if chat_ids is not None:
        days = _analyses_of(chat_ids, since).values("intent", date=TruncDate("message__timestamp"))
        counted = days.annotate(count=Count("pk")).order_by("-date", "-count", "intent")
        return [{name: row[name] for name in ("date", "intent", "count")} for row in counted]
    return [
        {"date": day, "intent": intent, "count": count}
        for day, *counts in fetch_prepared(DAILY, _daily_parameters(since))
        for intent, count in sorted(_name_counts(Intent.values, counts).items(), key=_frequent_first)
    ]


def ask_by_day(first: date, last: date) -> Question:
    """`{"date", "intents": [count, …]}` of whole local days, both included; in the order of `Intent`."""
    midnight = datetime.combine(first, datetime.min.time(), tzinfo=ZoneInfo(settings.TIME_ZONE))
    counts = ", ".join(f"intent_{intent}" for intent in Intent.values)
    sql = f"SELECT date, ARRAY[{counts}] AS intents FROM ({DAILY}) AS daily WHERE date <= %(last_date)s::date"  # noqa: S608
    return Question(sql, {**_daily_parameters(midnight), "last_date": last})


def follow_time_zone() -> bool:
    """Count the days anew where TIME_ZONE is another one than theirs; returns whether it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM analysis_calendar WHERE time_zone = %s)", [settings.TIME_ZONE]
        )
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
        "last_date": date.max,
        "second_day": second_day,
        "end": END,
    }


def _name_counts(labels: Sequence[str], counts: Sequence[int]) -> Counts:
    return {label: count for label, count in zip(labels, counts, strict=True) if count}


def _frequent_first(counted: tuple[str, int]) -> tuple[int, str]:
    intent, count = counted
    return -count, intent


def _count_values(analyses: QuerySet[MessageAnalysis], column: str) -> Counts:
    return dict(analyses.values_list(column).annotate(count=Count("pk")))


def _analyses_of(chat_ids: Collection[int], since: datetime) -> QuerySet[MessageAnalysis]:
    counted = Q(message__user__isnull=True) | Q(message__user__role__exclude_from_analytics=False)
    in_period = MessageAnalysis.objects.filter(message__chat_id__in=chat_ids, message__timestamp__gte=since)
    return in_period.filter(counted).order_by()
