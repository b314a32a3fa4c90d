from datetime import datetime, timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from clients.models import RoleName
from intents.models import Intent, Sentiment
from messaging.models import Message, MessageVersion
from tests.api.conftest import Caller
from tests.factories import (
    NOW,
    AnalysisFactory,
    ChatFactory,
    ManagerFactory,
    MessageFactory,
    PersonFactory,
    role,
)


def ids(answer: HttpResponse) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_list_says_everything_of_a_row(reader: Caller) -> None:
    chat = ChatFactory(name="Магазин «Ромашка»")
    author = PersonFactory(username="buyer", first_name="Проба")
    message = MessageFactory(
        chat=chat,
        user=author,
        text="Есть розы?",
        reply_to_message_id=17,
        edited_at=NOW + timedelta(minutes=1),
    )
    AnalysisFactory(
        message=message,
        intent=Intent.QUESTION,
        sentiment=Sentiment.NEUTRAL,
        confidence=0.75,
        is_urgent=True,
    )

    answer = reader.get("messages")

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": message.pk,
                "chat_id": chat.pk,
                "chat_name": "Магазин «Ромашка»",
                "user_id": author.pk,
                "username": "buyer",
                "first_name": "Проба",
                "role": "client",
                "text": "Есть розы?",
                "transcript": "",
                "message_type": "text",
                "timestamp": "2026-11-22T09:00:00+00:00",
                "edited_at": "2026-11-22T09:01:00+00:00",
                "erased_at": None,
                "reply_to_message_id": 17,
                "telegram_message_id": message.telegram_message_id,
                "is_automatic": False,
                "intent": "question",
                "intent_confidence": 0.75,
                "sentiment": "neutral",
                "is_urgent": True,
            }
        ],
    }


def test_list_shows_a_channels_message_without_author_or_analysis(reader: Caller) -> None:
    MessageFactory(user=None, sender_chat_id=-1009)

    (row,) = reader.get("messages").json()["results"]

    nulls = {name for name, value in row.items() if value is None}
    assert nulls == {
        "user_id",
        "username",
        "first_name",
        "role",
        "edited_at",
        "erased_at",
        "reply_to_message_id",
        "intent",
        "intent_confidence",
        "sentiment",
        "is_urgent",
    }
    assert row["is_automatic"] is False


def test_list_is_newest_first(reader: Caller) -> None:
    older = MessageFactory(timestamp=NOW)
    newest = MessageFactory(timestamp=NOW + timedelta(seconds=2))
    same_second = MessageFactory(timestamp=NOW)

    assert ids(reader.get("messages")) == [newest.pk, same_second.pk, older.pk]


@pytest.fixture
def talk(db: None) -> dict[str, Message]:
    """One chat of many voices."""
    chat = ChatFactory()
    client, manager = PersonFactory(), ManagerFactory()
    bot = PersonFactory(role=role(RoleName.BROADCAST_BOT))
    recent = timezone.now() - timedelta(hours=1)
    said = {
        "question": MessageFactory(chat=chat, user=client, text="Сколько стоят пионы?", timestamp=recent),
        "answer": MessageFactory(chat=chat, user=manager, reply_to_message_id=5, timestamp=recent),
        "mailing": MessageFactory(chat=chat, user=bot, text="Жёлтые тюльпаны", timestamp=recent),
        "voice": MessageFactory(
            chat=chat,
            user=client,
            message_type=Message.Type.VOICE,
            text="",
            transcript="Привезите гвоздики завтра",
            timestamp=recent - timedelta(days=3),
        ),
        "elsewhere": MessageFactory(timestamp=recent - timedelta(days=30)),
    }
    AnalysisFactory(message=said["question"], intent=Intent.QUESTION, sentiment=Sentiment.POSITIVE)
    AnalysisFactory(message=said["voice"], intent=Intent.ORDER, sentiment=Sentiment.NEGATIVE, is_urgent=True)
    return said


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"role": "client"}, {"question", "voice", "elsewhere"}),
        ({"role": "manager"}, {"answer"}),
        ({"clients_only": "true"}, {"question", "voice", "elsewhere"}),
        ({"clients_only": "false"}, {"question", "answer", "mailing", "voice", "elsewhere"}),
        ({"exclude_automatic": "true"}, {"question", "answer", "voice", "elsewhere"}),
        ({"has_intent": "true"}, {"question", "voice"}),
        ({"has_intent": "false"}, {"answer", "mailing", "elsewhere"}),
        ({"has_intent": "order"}, {"voice"}),
        ({"sentiment": "positive"}, {"question"}),
        ({"urgent": "true"}, {"voice"}),
        ({"urgent": "false"}, {"question", "answer", "mailing", "elsewhere"}),
        ({"message_type": "voice"}, {"voice"}),
        ({"days": "1"}, {"question", "answer", "mailing"}),
        ({"days": "10"}, {"question", "answer", "mailing", "voice"}),
        ({"reply_to": "5"}, {"answer"}),
        ({"search": "пион"}, {"question"}),
        ({"search": "гвоздика"}, {"voice"}),
        ({"search": "желтый тюльпан"}, {"mailing"}),
        ({"search": "ЖЁЛТЫХ"}, {"mailing"}),
        ({"search": "пионы -стоить"}, set()),
        ({"search": '"желтые тюльпаны" or гвоздики'}, {"mailing", "voice"}),
        ({"clients_only": "true", "days": "10", "urgent": "true"}, {"voice"}),
    ],
)
def test_filters(
    reader: Caller, talk: dict[str, Message], parameters: dict[str, str], expected: set[str]
) -> None:
    found = set(ids(reader.get("messages", **parameters)))

    assert found == {talk[name].pk for name in expected}


def test_filters_by_chat_and_person(reader: Caller, talk: dict[str, Message]) -> None:
    question = talk["question"]

    assert len(ids(reader.get("messages", chat_id=question.chat_id))) == 4
    assert ids(reader.get("messages", user_id=question.user_id)) == [question.pk, talk["voice"].pk]


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        ("2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z", 1),
        ("2026-11-22T12:00:00+03:00", "2026-11-22T12:00:01+03:00", 1),
        # Without an offset: Europe/Moscow, as settings say.
        ("2026-11-22T12:00:00", "2026-11-22 12:00:00", 1),
        ("2026-11-22", "2026-11-23", 1),
        ("2026-11-22T09:00:01Z", "2026-11-23", 0),
        # A plus that nobody escaped arrives as a space.
        ("2026-11-22T12:00:00 03:00", "2026-11-22T12:00:00 0300", 1),
    ],
)
def test_period(reader: Caller, since: str, until: str, count: int) -> None:
    MessageFactory(timestamp=NOW)

    assert len(ids(reader.get("messages", since=since, until=until))) == count


def test_detail(reader: Caller) -> None:
    message = MessageFactory(text="Уже 50 роз", media={"file_name": "розы.jpg"}, edited_at=NOW)
    analysis = AnalysisFactory(message=message, entities=[{"name": "роза", "quantity": 50}])
    MessageVersion.objects.create(message=message, text="Уже 40 роз", valid_from=NOW)

    body = reader.get(f"messages/{message.pk}").json()

    assert body["text"] == "Уже 50 роз"
    assert body["media"] == {"file_name": "розы.jpg"}
    assert body["transcript_state"] == ""
    assert body["versions"] == [
        {
            "text": "Уже 40 роз",
            "media": {},
            "valid_from": "2026-11-22T09:00:00+00:00",
        }
    ]
    assert body["analysis"] == {
        "intent": "question",
        "sentiment": "neutral",
        "is_urgent": False,
        "entities": [{"name": "роза", "quantity": 50}],
        "confidence": 0.9,
        "source": "pattern",
        "model_used": "",
        "tokens_used": 0,
        "processing_time_ms": 0,
        "updated_at": body["analysis"]["updated_at"],
    }
    assert datetime.fromisoformat(body["analysis"]["updated_at"]) == analysis.updated_at


def test_detail_without_analysis(reader: Caller) -> None:
    body = reader.get(f"messages/{MessageFactory().pk}").json()

    assert body["analysis"] is None
    assert body["versions"] == []


@pytest.mark.parametrize("path", ["messages/999", "messages/9999999999999999999", "messages/999/context"])
def test_unknown_message_is_a_404(reader: Caller, path: str) -> None:
    answer = reader.get(path)

    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


def make_talk(count: int) -> list[Message]:
    chat = ChatFactory()
    MessageFactory(timestamp=NOW + timedelta(seconds=1))  # another chat, in between
    return [MessageFactory(chat=chat, timestamp=NOW + timedelta(seconds=i // 3)) for i in range(count)]


@pytest.mark.parametrize(
    ("place", "limit", "expected"),
    [
        (10, 5, range(8, 13)),
        (10, 6, range(7, 13)),
        (10, 1, range(10, 11)),
        (0, 5, range(5)),
        (19, 5, range(15, 20)),
        (1, 20, range(20)),
        (10, 1000, range(20)),
    ],
)
def test_context(reader: Caller, place: int, limit: int, expected: range) -> None:
    messages = make_talk(20)

    answer = reader.get(f"messages/{messages[place].pk}/context", limit=limit)

    assert ids(answer) == [messages[i].pk for i in expected]


def test_context_is_of_twenty_messages(reader: Caller) -> None:
    messages = make_talk(40)

    assert len(ids(reader.get(f"messages/{messages[20].pk}/context"))) == 20


def test_total(reader: Caller) -> None:
    MessageFactory(timestamp=timezone.now() - timedelta(hours=1))
    MessageFactory(timestamp=NOW - timedelta(days=400))

    assert reader.get("messages/stats/total").json() == {"total_messages": 2, "days": None, "since": None}
    by_days = reader.get("messages/stats/total", days=30).json()
    assert (by_days["total_messages"], by_days["days"]) == (1, 30)
    by_since = reader.get("messages/stats/total", since="2025-01-01T00:00:00+03:00").json()
    assert by_since == {"total_messages": 2, "days": None, "since": "2025-01-01T00:00:00+03:00"}


def test_total_takes_days_or_since(reader: Caller) -> None:
    answer = reader.get("messages/stats/total", days=1, since="2026-01-01")

    assert answer.status_code == 400
    assert answer.json()["errors"] == {"since": ["Give days or since, not both."]}


def test_by_role(reader: Caller, talk: dict[str, Message]) -> None:
    assert reader.get("messages/stats/by-role").json() == {
        "by_role": [
            {"role": "client", "message_count": 3, "active_chats": 2, "active_users": 2},
            {"role": "broadcast_bot", "message_count": 1, "active_chats": 1, "active_users": 1},
            {"role": "manager", "message_count": 1, "active_chats": 1, "active_users": 1},
        ],
        "total_messages": 5,
        "days": None,
        "since": None,
    }


def test_a_persons_messages(reader: Caller, talk: dict[str, Message]) -> None:
    person = talk["question"].user_id

    assert ids(reader.get(f"clients/{person}/messages")) == [talk["question"].pk, talk["voice"].pk]
    assert ids(reader.get(f"clients/{person}/messages", urgent="true")) == [talk["voice"].pk]
    assert reader.get("clients/1/messages").status_code == 404
