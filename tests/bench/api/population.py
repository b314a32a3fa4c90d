"""Who writes what, and when: 300 chats, 5,000 people, a thousand messages a day.

A shorter history has the same density, so what a page of it costs can be compared. Keys are told by
number: chat, person and message n are `chat_id(n)`, `person_id(n)` and n + 1, the oldest message first.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from cvgorod_hub.seeding.activity import ChatState
from cvgorod_hub.seeding.copying import NULL
from tests.bench.api.words import make_text

LONG, SHORT = 1_000_000, 100_000
CHATS, PEOPLE, MANAGERS, BOTS = 300, 5_000, 36, 4
CLIENTS = PEOPLE - MANAGERS - BOTS
PER_DAY = 1_000
PENDING, SENT_PER_MILLION = 500, 50_000
AT_ONCE = 20_000
# One chat in so many waits at the end; the others were answered.
WAITING_EVERY = 8
# So many messages come after those that close a chat, and change nothing in who waits.
AFTERWARDS = PER_DAY
_INTENTS = ("order", "question", "interest", "complaint", "confirmation", "other")
_INTENT_WEIGHTS = (30, 30, 10, 5, 15, 10)
_SENTIMENTS, _SENTIMENT_WEIGHTS = ("neutral", "positive", "negative"), (75, 18, 7)
# The first chats are the busiest, and in each chat the first of its clients writes most.
_CHAT_WEIGHTS = list(accumulate(1 / (place + 20) ** 0.7 for place in range(CHATS)))
_CLIENTS_PER_CHAT = CLIENTS // CHATS
_CLIENT_WEIGHTS = list(accumulate(1 / (place + 1) for place in range(_CLIENTS_PER_CHAT)))


def chat_id(place: int) -> int:
    return -1_001_000_000_000 - place


def person_id(place: int) -> int:
    return 10_000_000 + place


def client_of(chat: int, place: int = 0) -> int:
    """The number of a client of this chat; the first one writes most."""
    return chat + place * CHATS


@dataclass
class History:
    """Messages as they come, and what chats and people are left with."""

    size: int
    now: datetime
    dice: random.Random = field(default_factory=lambda: random.Random(20))  # noqa: S311
    chats: list[ChatState] = field(default_factory=lambda: [ChatState() for _ in range(CHATS)])
    seen: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)

    def moment(self, number: int) -> datetime:
        """Whole seconds, three messages in each."""
        back = (self.size - 1 - number // 3 * 3) * 86_400 // PER_DAY
        return self.now - timedelta(seconds=back)

    def speaker(self, number: int) -> tuple[int, int, str]:
        """(chat, person, kind). Near the end a message of each chat answers it, or leaves it waiting."""
        closing = number - (self.size - AFTERWARDS - CHATS)
        if 0 <= closing < CHATS:
            waits = closing % WAITING_EVERY == 0
            return (closing, client_of(closing), "client") if waits else (closing, CLIENTS, "manager")
        [chat] = self.dice.choices(range(CHATS), cum_weights=_CHAT_WEIGHTS)
        kind = self.dice.random()
        if closing >= CHATS:  # clients write on where they wait, all others where they do not
            chat -= chat % WAITING_EVERY
            if kind >= 0.65:
                chat = min(chat + self.dice.randrange(1, WAITING_EVERY), CHATS - 1)
        if kind < 0.65:
            [place] = self.dice.choices(range(_CLIENTS_PER_CHAT), cum_weights=_CLIENT_WEIGHTS)
            return chat, client_of(chat, place), "client"
        if kind < 0.92:
            return chat, CLIENTS + self.dice.randrange(MANAGERS), "manager"
        return chat, CLIENTS + MANAGERS + self.dice.randrange(BOTS), "bot"

    def note(self, number: int, chat: int, person: int, kind: str, at: datetime) -> None:
        self.seen[person] = (self.seen.get(person, (at, at))[0], at)
        self.chats[chat].note(
            at, number + 1, answers=kind == "manager" or is_sent(person), asks=kind == "client"
        )


def is_sent(person: int) -> bool:
    """Whether this is the bot by which the hub sends."""
    return person == PEOPLE - 1


@dataclass
class Chunk:
    """Rows of some of the messages."""

    messages: list[tuple[object, ...]] = field(default_factory=list)
    analyses: list[tuple[object, ...]] = field(default_factory=list)
    versions: list[tuple[object, ...]] = field(default_factory=list)


def make_chunk(history: History, numbers: range) -> Chunk:
    chunk, dice = Chunk(), history.dice
    for number in numbers:
        chat, person, kind = history.speaker(number)
        at = history.moment(number)
        history.note(number, chat, person, kind, at)
        count = history.chats[chat].count
        text, key, is_voice = make_text(number, dice), number + 1, dice.random() < 0.03
        is_edited = dice.random() < 0.03
        chunk.messages.append(
            (
                *(key, chat_id(chat), count, person_id(person)),
                *(("", "voice", "done", text) if is_voice else (text, "text", "", "")),
                count - dice.randint(1, 9) if count > 9 and dice.random() < 0.15 else NULL,
                *(at, at + timedelta(seconds=30) if is_edited else NULL),
                *("sent" if is_sent(person) else "telegram", at),
            )
        )
        if is_edited:
            chunk.versions.append((key, text.rpartition(" ")[0], at))
        if kind == "client":
            chunk.analyses.append(make_analysis(key, at, dice))
    return chunk


def make_analysis(key: int, at: datetime, dice: random.Random) -> tuple[object, ...]:
    [intent] = dice.choices(_INTENTS, _INTENT_WEIGHTS)
    [sentiment] = dice.choices(_SENTIMENTS, _SENTIMENT_WEIGHTS)
    by_model = dice.random() < 0.15
    return (
        *(key, intent, sentiment, dice.random() < 0.015, round(dice.uniform(0.5, 1), 2)),
        *(("model", "deepseek-flash", 310) if by_model else ("pattern", "", 0)),
        *(at, at),
    )


def role_of(person: int) -> str:
    if person < CLIENTS:
        return "client"
    if person < CLIENTS + MANAGERS:
        return "director" if person == CLIENTS + 1 else "manager"
    return "assistant_bot" if is_sent(person) else "broadcast_bot"
