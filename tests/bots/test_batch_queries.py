"""A batch costs a fixed number of queries, whatever stands in it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bots.models import RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.updates import parse_all_waiting_updates
from intents.patterns import rulebook
from messaging.models import Chat, Message
from tests.bots.realistic import CONTENTS, DATE, EVENTS, deleted, membership, message, update

pytestmark = pytest.mark.django_db

BOT_ID = 77
# Storing, reading, chats, people, messages and their versions, who waits, deletions, presses, patterns; and
# who was erased, asked when they are stored and when they are read.
QUERIES = 33
# Where something was spoken: recordings that are known, new ones, their messages' states.
SPOKEN_QUERIES = 3
KINDS = [content for content, *_ in CONTENTS.values()] + [
    {event: content} for event, (content, *_) in EVENTS.items() if "migrate" not in event
]


def batch(size: int, first: int) -> list[dict[str, Any]]:
    """So many updates: of each kind, everyone by somebody else in another chat; edits of the batch before."""
    made = []
    for number in range(first, first + size):
        chat = {"id": -1_000_000_000_000 - number, "type": "supergroup", "title": f"Салон {number}"}
        person = {"id": 5_000 + number, "is_bot": False, "first_name": f"Имя {number}"}
        fields = {"message_id": number, "date": DATE + number, "chat": chat, "from": person}
        if number % 10 == 9:
            made.append(membership(number, "member", date=DATE + number, chat=chat))
        elif number % 10 == 8:
            made.append(deleted(number, number, connection=f"bc{number}"))
        elif number % 10 == 7:
            edit = message(**fields, text="стало", edit_date=DATE + number + 5)
            made += [update(number + 100_000, "message", message(**fields, text="было"))]
            made += [update(number, "edited_message", edit)]
        else:
            made.append(update(number, "message", message(**{**KINDS[number % len(KINDS)], **fields})))
    return made


def queries_for(updates: list[dict[str, Any]]) -> int:
    with CaptureQueriesContext(connection) as caught:
        store_updates(bot_id=BOT_ID, raw=updates)
        parse_all_waiting_updates(bot_id=BOT_ID)
    return len(caught)


def test_a_batch_of_a_hundred_costs_no_more_queries_than_one_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "LOOK_EVERY_SECONDS", 3600)  # or a slow machine makes one query more
    TelegramBot.objects.create(id=BOT_ID)
    queries_for(batch(10, first=1000))

    few, many = queries_for(batch(10, first=2000)), queries_for(batch(100, first=3000))

    assert few == QUERIES
    assert many == QUERIES + SPOKEN_QUERIES
    assert not RawUpdate.objects.exclude(parse_state="parsed").exists()
    assert Chat.objects.count() == 12 * 9
    assert Message.objects.filter(versions__text="было").count() == 12
