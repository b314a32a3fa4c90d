"""Ten thousand updates that Telegram would not send: every one is accounted for."""

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.models import ButtonPress, RawUpdate, TelegramBot
from bots.parsing import ParsedUpdate, UnreadableUpdateError, parse_update
from bots.raw_updates import encode_payload, store_updates
from bots.updates import parse_waiting_updates
from bots.values import encode_deep
from messaging.models import Message, MessageDeletion
from tests.bots.mutations import mutated, nested, realistic
from tests.bots.realistic import message, update

pytestmark = pytest.mark.django_db

BOT_ID = 77
BATCH = 100
UPDATES = 10_000


def stream(random: Random) -> list[Any]:
    """Mutated updates; one in twenty comes again, one in twenty under a number that was used before."""
    updates: list[Any] = []
    for number in range(UPDATES):
        choice = random.random()
        if choice < 0.05 and updates:
            updates.append(random.choice(updates))
        else:
            used = random.randrange(number) if choice < 0.1 and number else number
            updates.append(mutated(random, realistic(random, used)))
    return updates


def read(row: RawUpdate) -> ParsedUpdate | str:
    """What the parser says of a row, or why it cannot be read."""
    try:
        return parse_update(row.decoded(), arrival=row.pk)
    except UnreadableUpdateError as error:
        return str(error)


@pytest.mark.parametrize("depth", [300, 900, 960, 3_000])
def test_an_update_nested_deeper_than_python_reads_is_kept_and_holds_back_nobody(depth: int) -> None:
    TelegramBot.objects.create(id=BOT_ID)
    deep = update(1, "message", message(hologram=nested(depth)))

    assert store_updates(bot_id=BOT_ID, raw=[deep, update(2, "message", message(text="Роза есть?"))]) == 3
    parse_waiting_updates()

    assert RawUpdate.objects.get(update_id=1).payload.count("deeper") == (depth + 1) // 2
    states = dict(RawUpdate.objects.values_list("update_id", "parse_state"))
    assert (states[1] in {"parsed", "failed"}, states[2]) == (True, "parsed")


@given(st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=200)
def test_what_is_nested_too_deep_is_written_as_any_other_json(random: Random) -> None:
    changed = mutated(random, realistic(random, 5))

    assert json.loads(encode_deep(changed)) == json.loads(json.dumps(changed))


def test_ten_thousand_mutated_updates_are_all_accounted_for() -> None:
    TelegramBot.objects.create(id=BOT_ID)
    updates = stream(Random(20_261_122))  # noqa: S311  (the same stream in every run)
    assert len(updates) == UPDATES

    for start in range(0, UPDATES, BATCH):
        store_updates(bot_id=BOT_ID, raw=updates[start : start + BATCH])
        while parse_waiting_updates(bot_id=BOT_ID):
            pass

    rows = list(RawUpdate.objects.all())
    # Each is there once, word for word; without a number of its own where that was used before.
    assert Counter(row.payload for row in rows) == dict.fromkeys(map(encode_payload, updates), 1)
    for row in rows:
        assert row.update_id is None or json.loads(row.payload)["update_id"] == row.update_id
    keys, pressed, gone = set(), set(), set()
    outcomes: Counter[str] = Counter()
    for row in rows:
        meaning = read(row)
        outcomes[row.parse_state] += 1
        if isinstance(meaning, str):
            assert row.parse_state == "failed"
            assert row.error
            continue
        assert row.error == ""
        assert row.parse_state == ("ignored" if meaning.means_nothing else "parsed")
        if meaning.message:
            keys.add(meaning.message.key)
        if meaning.press:
            pressed.add(meaning.press.query_id)
        if meaning.deletion:
            deletion = meaning.deletion
            gone |= {(deletion.chat_id, deletion.business_connection_id, n) for n in deletion.message_ids}
    counts = (Message.objects.count(), ButtonPress.objects.count(), MessageDeletion.objects.count())
    assert counts == (len(keys), len(pressed), len(gone))
    # The stream is worth its time: plenty of each.
    assert set(outcomes) == {"parsed", "ignored", "failed"}
    assert min(outcomes.values()) > 300
    assert len(keys) > 2_000
