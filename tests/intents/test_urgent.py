"""What is urgent: first what nobody has answered; kept beside the analyses by the database itself."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from intents.models import MessageAnalysis, UrgentMessage
from intents.overview import urgent_messages
from messaging.models import Chat, Message
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def say(chat: Chat, minute: int, *, is_urgent: bool = True) -> Message:
    message = MessageFactory(chat=chat, timestamp=NOON + timedelta(minutes=minute))
    AnalysisFactory(message=message, is_urgent=is_urgent)
    return message


def found(**options: object) -> list[tuple[int, bool]]:
    items = [json.loads(text) for text in urgent_messages(**{"limit": 20, **options})]
    return [(item["id"], item["unanswered"]) for item in items]


def is_kept_true() -> bool:
    """Whether the table says what the messages and their analyses say."""
    urgent = MessageAnalysis.objects.filter(is_urgent=True)
    truth = set(urgent.values_list("message_id", "message__chat_id", "message__timestamp"))
    return truth == set(UrgentMessage.objects.values_list("message_id", "chat_id", "said_at"))


def test_what_waits_comes_first_and_each_part_newest_first() -> None:
    waiting = ChatFactory(waiting_since=NOON + timedelta(minutes=10))
    quiet = ChatFactory()
    old, new, newest = say(waiting, 5), say(waiting, 10), say(waiting, 12)
    answered = say(quiet, 60)
    say(waiting, 13, is_urgent=False)

    assert found() == [(newest.pk, True), (new.pk, True), (answered.pk, False), (old.pk, False)]
    assert found(limit=3) == found()[:3]
    assert found(unanswered_only=True) == [(newest.pk, True), (new.pk, True)]


def test_only_in_the_chats_asked_for() -> None:
    here, there = ChatFactory(waiting_since=NOON), ChatFactory(waiting_since=NOON)
    mine, answered = say(here, 1), say(here, -5)
    say(there, 2)
    say(ChatFactory(), 3)

    assert found(chat_ids=frozenset({here.pk})) == [(mine.pk, True), (answered.pk, False)]
    assert found(chat_ids=frozenset({1})) == []


def test_the_table_follows_whatever_happens() -> None:
    chat, other = ChatFactory(), ChatFactory()
    messages = [say(chat, minute, is_urgent=minute % 2 == 0) for minute in range(6)]
    assert is_kept_true()
    assert UrgentMessage.objects.count() == 3

    MessageAnalysis.objects.filter(message=messages[0]).update(is_urgent=False)
    MessageAnalysis.objects.filter(message=messages[1]).update(is_urgent=True, confidence=0.5)
    MessageAnalysis.objects.filter(message=messages[2]).delete()
    Message.objects.filter(pk=messages[4].pk).update(timestamp=NOON - timedelta(days=1), chat=other)

    assert is_kept_true()
    assert set(UrgentMessage.objects.values_list("message_id", flat=True)) == {messages[1].pk, messages[4].pk}

    messages[1].delete()

    assert is_kept_true()
    assert UrgentMessage.objects.count() == 1


def test_an_upsert_counts_as_a_change() -> None:
    message = say(ChatFactory(), 1, is_urgent=False)
    again = AnalysisFactory.build(message=message, is_urgent=True)

    MessageAnalysis.objects.bulk_create(
        [again], update_conflicts=True, unique_fields=["message"], update_fields=["is_urgent"]
    )

    assert is_kept_true()
    assert UrgentMessage.objects.get().message_id == message.pk
