"""Where the rows behind a chart's numbers are listed."""

from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.timezone import get_default_timezone

from cvgorod_hub.desk.home.period import Days
from intents.labels import Intent


def replies_link(who: str, days: Days) -> str:
    """The first replies behind a person's figures."""
    words = {"who": who, "day": days.last.isoformat(), "days": days.length}
    return f"{reverse('admin:desk_replies')}?{urlencode(words)}"


def messages_link(day: date, hour: int) -> str:
    zone = get_default_timezone()
    begin = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    # Clocks that jump: the hour that is no more, and both of one that comes twice.
    end = datetime(day.year, day.month, day.day, hour, 59, 59, 999999, tzinfo=zone, fold=1)
    query = {"timestamp__gte": begin.isoformat(), "timestamp__lte": end.isoformat()}
    return f"{reverse('admin:messaging_message_changelist')}?{urlencode(query)}"


def analyses_link(day: date, intent: Intent | None = None) -> str:
    query = {"message__timestamp_from": day.isoformat(), "message__timestamp_to": day.isoformat()}
    if intent is not None:
        query["intent__exact"] = intent.value
    return f"{reverse('admin:intents_messageanalysis_changelist')}?{urlencode(query)}"


def drafts_link(outcome: str, days: Days) -> str:
    query = {"state": "all", "proposed": f"{days.first.isoformat()}_{days.last.isoformat()}"}
    if outcome:
        query["outcome"] = outcome
    return f"{reverse('admin:sandbox_pendingresponse_changelist')}?{urlencode(query)}"
