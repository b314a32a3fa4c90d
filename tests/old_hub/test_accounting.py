"""Whatever the old database holds, every row of it is accounted for, and a second run changes nothing."""

import random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from cvgorod_hub.management.commands.rebuild_statistics import COMPARISONS
from cvgorod_hub.old_hub.migrating import Hooks, MigrationOptions, migrate
from messaging.models import Message
from messaging.recounting import find_differences
from sandbox.models import PendingResponse
from tests.factories import ChatFactory, MessageFactory, PersonFactory
from tests.old_hub.old_database import BEGAN, CHAT, CLIENT, OldHub

pytestmark = pytest.mark.django_db
CHATS = (CHAT, CHAT - 1, -77, 88)
PEOPLE = (CLIENT, 502, 503)
TEXTS = (
    "Роза есть?", "", None, "[Голосовое] да", "[Голосовое сообщение]", "д" * 5000, "\\N", "a\tb\\\r\n", "🌷",
    "[Голосовое сообщение - не удалось расшифровать]",
)  # fmt: skip
TIMES = (BEGAN, None, "infinity", "-infinity", "0001-01-01", "99999-01-01")
INTENTS = ("order", "Question", "unknown", None, "", "greeting")


def fill(old: OldHub, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  (the same for the same seed)
    old.build(dice.choice(["first", "all"]))
    is_whole = bool(old.session.execute("SELECT to_regclass('customers')").fetchone()[0])  # type: ignore[index]
    for chat in dice.sample(CHATS, 3):
        old.chat(chat, chat_type=dice.choice(["group", "supergroup", None, "odd"]))
    for person in dice.sample(PEOPLE, 2):
        old.person(person, is_manager=dice.choice([True, False, None]), last_seen=dice.choice(TIMES))
    pattern = old.pattern("Беру", dice.choice(["order", "greeting"]))
    for _ in range(dice.randrange(60)):
        later = (
            {"intent": dice.choice(INTENTS), "is_automatic": dice.choice([True, None])} if is_whole else {}
        )
        old.message(dice.choice(TEXTS), **_message(dice, pattern), **later)
    for _ in range(dice.randrange(40)):
        old.analysis(
            dice.choice([None, *range(1, 70)]), dice.choice(INTENTS), entities=dice.choice([{}, [1], []])
        )
    for _ in range(dice.randrange(9)):
        old.reply(dice.choice(["sent", "pending", "odd"]), chat_id=dice.choice([None, -5, *CHATS]))


def _message(dice: random.Random, pattern: int) -> dict[str, Any]:
    return {
        "telegram_message_id": dice.choice([None, 0, *range(1, 30)]),
        "chat_id": dice.choice([None, *CHATS]),
        "user_id": dice.choice([None, 0, *PEOPLE]),
        "message_type": dice.choice(["text", "voice", None, "odd"]),
        "reply_to_message_id": dice.choice([None, 3, -1]),
        "pattern_id": dice.choice([None, pattern]),
        "timestamp": dice.choice(TIMES),
        "created_at": dice.choice(TIMES),
    }


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=8)
def test_every_row_is_accounted_for(old_hub: OldHub, seed: int) -> None:
    fill(old_hub, seed)
    with transaction.atomic():
        chat, person = ChatFactory(pk=CHAT), PersonFactory(pk=CLIENT)
        MessageFactory(chat=chat, user=person, telegram_message_id=5)
        first, second = (migrate(old_hub.url, MigrationOptions(rows=rows), Hooks()) for rows in (7, 1000))
        states = set(PendingResponse.objects.values_list("status", flat=True))
        differences = find_differences(COMPARISONS)
        messages = Message.objects.exclude(pk=None).count()
        transaction.set_rollback(True)

    for report in (first, second):
        assert report.broken == []
        assert {table: tally.old for table, tally in report.tallies.items()} == {
            table: old_hub.count(table) for table in report.tallies
        }
    assert sum(tally.copied for tally in second.tallies.values()) == 0
    assert messages == first.tallies["messages"].copied + 1
    assert differences == {}
    assert states <= {"sent", "expired"}
