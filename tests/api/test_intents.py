from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from clients.models import RoleName
from intents.models import Intent, Sentiment
from messaging.models import Message
from tests.api.conftest import Caller, in_json
from tests.factories import (
    AnalysisFactory,
    ChatFactory,
    ManagerFactory,
    MessageFactory,
    PersonFactory,
    role,
)


@pytest.fixture
def week(db: None) -> None:
    now = timezone.now()
    for intent, sentiment, days in [
        (Intent.ORDER, Sentiment.NEUTRAL, 1),
        (Intent.ORDER, Sentiment.POSITIVE, 1),
        (Intent.COMPLAINT, Sentiment.NEGATIVE, 2),
        (Intent.QUESTION, Sentiment.NEUTRAL, 10),
    ]:
        message = MessageFactory(timestamp=now - timedelta(days=days))
        AnalysisFactory(message=message, intent=intent, sentiment=sentiment)
    mailing = MessageFactory(user=PersonFactory(role=role(RoleName.BROADCAST_BOT)), timestamp=now)
    AnalysisFactory(message=mailing, intent=Intent.BROADCAST)
    MessageFactory(timestamp=now)


def test_summary_of_a_week(reader: Caller, week: None) -> None:
    assert reader.get("intents").json() == {
        "period_days": 7,
        "total_analyzed": 3,
        "by_intent": {"order": 2, "complaint": 1},
        "by_sentiment": {"neutral": 1, "positive": 1, "negative": 1},
    }


def test_summary_of_more_days(reader: Caller, week: None) -> None:
    body = reader.get("intents", days=30).json()

    assert (body["period_days"], body["total_analyzed"]) == (30, 4)


def test_summary_of_nothing(reader: Caller) -> None:
    assert reader.get("intents").json() == {
        "period_days": 7,
        "total_analyzed": 0,
        "by_intent": {},
        "by_sentiment": {},
    }


def test_days_begin_at_the_hubs_midnight(reader: Caller) -> None:
    today = timezone.localdate()
    midnight = timezone.make_aware(datetime(today.year, today.month, today.day))  # noqa: DTZ001
    for moment, intent, count in [
        (midnight - timedelta(minutes=1), Intent.ORDER, 1),
        (midnight, Intent.ORDER, 1),
        (midnight, Intent.QUESTION, 2),
    ]:
        for _ in range(count):
            AnalysisFactory(message=MessageFactory(timestamp=moment.astimezone(UTC)), intent=intent)

    assert reader.get("intents/daily").json() == {
        "daily": [
            {"date": today.isoformat(), "intent": "question", "count": 2},
            {"date": today.isoformat(), "intent": "order", "count": 1},
            {"date": (today - timedelta(days=1)).isoformat(), "intent": "order", "count": 1},
        ]
    }


def urgent(message: Message) -> Message:
    AnalysisFactory(message=message, intent=Intent.COMPLAINT, sentiment=Sentiment.NEGATIVE, is_urgent=True)
    return message


def test_urgent_is_unanswered_first_then_newest(reader: Caller) -> None:
    now = timezone.now().replace(microsecond=0)
    answered_chat = ChatFactory(waiting_since=None)
    waiting_chat = ChatFactory(name="Ромашка", waiting_since=now - timedelta(hours=5))
    answered_new = urgent(MessageFactory(chat=answered_chat, timestamp=now))
    answered_old = urgent(MessageFactory(chat=waiting_chat, timestamp=now - timedelta(hours=6)))
    waiting_first = urgent(MessageFactory(chat=waiting_chat, timestamp=now - timedelta(hours=5), text="Беда"))
    waiting_next = urgent(MessageFactory(chat=waiting_chat, timestamp=now - timedelta(hours=4)))
    AnalysisFactory(message=MessageFactory(chat=waiting_chat, timestamp=now))
    MessageFactory(chat=waiting_chat, user=ManagerFactory(), timestamp=now)

    rows = reader.get("intents/urgent").json()["urgent"]

    assert [(row["id"], row["unanswered"]) for row in rows] == [
        (waiting_next.pk, True),
        (waiting_first.pk, True),
        (answered_new.pk, False),
        (answered_old.pk, False),
    ]
    assert rows[1] == {
        "id": waiting_first.pk,
        "text": "Беда",
        "transcript": "",
        "intent": "complaint",
        "sentiment": "negative",
        "chat_id": waiting_chat.pk,
        "chat_name": "Ромашка",
        "timestamp": in_json(waiting_first.timestamp),
        "unanswered": True,
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 20])
def test_urgent_is_limited(reader: Caller, limit: int) -> None:
    now = timezone.now()
    chat = ChatFactory(waiting_since=now)
    for _ in range(2):
        urgent(MessageFactory(chat=chat, timestamp=now))
        urgent(MessageFactory(timestamp=now))

    rows = reader.get("intents/urgent", limit=limit).json()["urgent"]

    assert [row["unanswered"] for row in rows] == [True, True, False, False][:limit]
