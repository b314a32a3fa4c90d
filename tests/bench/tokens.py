"""Prompt tokens for each of 500 messages, asked together as the hub asks them, beside one request for each.

Both have the same instructions and the same context of short messages. Counted by DeepSeek's own rule of
thumb (intents/llm/tokens.py); its vocabulary comes from no package index, and this measure needs no network.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from intents.llm.claims import BATCH, MOST_CHARACTERS
from intents.llm.context import MOST_BEFORE, is_short
from intents.llm.prompt import INSTRUCTIONS, Around, Asked, document
from intents.llm.tokens import PER_ASCII_CHARACTER, PER_OTHER_CHARACTER, estimate
from tests.bench.rows import Goal, Row

MESSAGES = 500
FILE = Path(__file__).parents[1] / "intents/data/own_messages.csv"
SENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RULE = f"{PER_ASCII_CHARACTER} a Latin character, {PER_OTHER_CHARACTER} any other"


def measure() -> list[Row]:
    print(f"tokens are counted by DeepSeek's rule of thumb: {RULE}", flush=True)  # noqa: T201
    asked = fixed_messages()
    together = sum(prompt_tokens(batch) for batch in in_requests(asked))
    alone = sum(prompt_tokens([one]) for one in asked)
    return [
        Row(
            name=f"tokens: prompt of one of {MESSAGES} messages, {BATCH} in a request",
            value=together / MESSAGES,
            bound=alone / MESSAGES,
            unit="",
            against="alone",
            goal=Goal(most=1 / 3),
        )
    ]


def fixed_messages() -> list[Asked]:
    """The first of the file, as one conversation: each short one has those before it as its context."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:MESSAGES]
    assert len(rows) == MESSAGES, f"{FILE} holds {len(rows)} messages"
    said = [Around(row["sender_role"], row["text"]) for row in rows]
    return [
        Asked(
            number % BATCH + 1,
            one.role,
            one.text,
            SENT,
            tuple(said[max(0, number - MOST_BEFORE) : number]) if is_short(one.text) else (),
        )
        for number, one in enumerate(said)
    ]


def in_requests(asked: Sequence[Asked]) -> list[list[Asked]]:
    """As the queue does it: so many messages at the most, and so many characters."""
    requests: list[list[Asked]] = [[]]
    characters = 0
    for one in asked:
        characters += len(one.text)
        if requests[-1] and (len(requests[-1]) == BATCH or characters > MOST_CHARACTERS):
            requests.append([])
            characters = len(one.text)
        requests[-1].append(one)
    return requests


def prompt_tokens(asked: Sequence[Asked]) -> int:
    return estimate(INSTRUCTIONS) + estimate(document(asked))
