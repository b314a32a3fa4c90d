"""What people wrote and edited in the simulated Telegram, against what stands in the database."""

import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bots.simulator import SimulatedTelegram

CHATS = (-1001, -1002, -1_001_000_000_001, -1_001_000_000_002)
VOICE_CHAT = -1003
Key = tuple[int, int]


class Ledger:
    """Makes people write, and keeps each update and each text of a message; not for two threads at once."""

    def __init__(
        self,
        telegram: SimulatedTelegram,
        database_url: str,
        *,
        chats: tuple[int, ...] = CHATS,
        seed: int | None = None,
    ) -> None:
        self._telegram = telegram
        self._database_url = database_url
        self._chats = chats
        self._random = random.Random(seed)  # noqa: S311  (a test's choices)
        self._updates: list[int] = []
        self._texts: dict[Key, list[str]] = defaultdict(list)
        self._voices: list[tuple[int, int, str]] = []

    def write(self, count: int = 1) -> None:
        """So many messages, in turn into each chat."""
        for _each in range(count):
            text = f"Слово {len(self._updates)}"
            chat = self._chats[len(self._texts) % len(self._chats)]
            update = self._telegram.client_writes(chat, text)
            self._keep(update["update_id"], (chat, update["message"]["message_id"]), text)

    def edit(self) -> None:
        """The author changes one of the newest messages, which may have been changed before."""
        chat, message = self._random.choice(list(self._texts)[-20:])
        text = f"Правка {len(self._updates)}"
        update = self._telegram.edits(chat, message, text)
        self._keep(update["update_id"], (chat, message), text)

    def speak(self, content: bytes) -> None:
        """A voice message into a chat in which nobody writes."""
        update = self._telegram.sends_voice(VOICE_CHAT, content=content)
        self._updates.append(update["update_id"])
        self._voices.append((VOICE_CHAT, update["message"]["message_id"], ""))

    @contextmanager
    def talk(self, *, pause: float = 0.02) -> Iterator[None]:
        """Somebody writes all the time, from another thread; every fourth time it is an edit."""
        enough = threading.Event()

        def speak() -> None:
            while not enough.wait(pause):
                self.write(3)
                self.edit()

        thread = threading.Thread(target=speak)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    def is_stored(self) -> bool:
        """Whether as many updates were read as people made."""
        return self._count("SELECT count(*) FROM raw_updates WHERE parse_state = 'parsed'") >= len(
            self._updates
        )

    def stored_count(self) -> int:
        return self._count("SELECT count(*) FROM raw_updates")

    def check_nothing_is_lost(self) -> None:
        """Each update is in the database, or Telegram still keeps it, at this very moment."""
        kept = {update["update_id"] for update in self._telegram.waiting_updates}
        stored = {row[0] for row in self._query("SELECT update_id FROM raw_updates")}
        assert set(self._updates) - kept - stored == set()

    def check_all_is_there_once(self) -> None:
        """Updates, messages with their newest words, and earlier versions: each once, and no other."""
        raw = self._query("SELECT update_id, parse_state FROM raw_updates ORDER BY update_id")
        assert raw == [(update_id, "parsed") for update_id in sorted(self._updates)]
        messages = self._query(
            "SELECT chat_id, telegram_message_id, text FROM messages WHERE source = 'telegram' ORDER BY 1, 2"
        )
        written = [(*key, texts[-1]) for key, texts in self._texts.items()]
        assert messages == sorted([*written, *self._voices])
        versions = self._query(
            "SELECT chat_id, telegram_message_id, version.text FROM message_versions AS version "
            "JOIN messages ON messages.id = message_id"
        )
        earlier = [(*key, text) for key, texts in self._texts.items() for text in texts[:-1]]
        assert sorted(versions) == sorted(earlier)

    def _keep(self, update_id: int, key: Key, text: str) -> None:
        self._updates.append(update_id)
        self._texts[key].append(text)

    def _count(self, statement: str) -> int:
        [(count,)] = self._query(statement)
        return count

    def _query(self, statement: str) -> list[tuple]:
        with psycopg.connect(self._database_url, autocommit=True) as session:
            return session.execute(statement).fetchall()
