"""What the simulated Telegram knows: chats, files, waiting updates, calls. No HTTP here.

Everything is read and written under `lock`, by the server's thread and by whoever plays the people.
"""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bots.simulator.answers import Answer
from bots.simulator.update_queue import UpdateQueue
from bots.simulator.wire import JSON, Person, SimulatedChat, StoredFile, chat_type_of

# A simulator that runs for weeks keeps this much of the past.
KEPT_CALLS = 10_000
KEPT_MESSAGES_PER_CHAT = 500

_EPOCH = 1_767_225_600  # 2026-01-01


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the Bot API as it was received; `at` is Unix time."""

    method: str
    params: JSON
    at: float


@dataclass(frozen=True, kw_only=True)
class SentMessage:
    """A message of the bot that stands in a chat, whatever its caller was told."""

    chat_id: int
    message_id: int
    text: str
    reply_to_message_id: int | None
    params: JSON
    at: float


@dataclass(kw_only=True)
class Poll:
    """A getUpdates that waits. `wake` may be called from any thread."""

    wake: Callable[[], object]
    ended_by: str = ""


@dataclass(kw_only=True)
class Webhook:
    url: str = ""
    params: JSON = field(default_factory=dict)
    last_error: tuple[int, str] | None = None  # Unix time, what went wrong


def time_based_id() -> int:
    """Milliseconds since 2026: a simulator that starts again goes on above all ids it gave before."""
    return int((time.time() - _EPOCH) * 1000)


class TelegramState:
    """The whole of the simulated Telegram, for one bot."""

    def __init__(
        self,
        *,
        token: str,
        bot: Person,
        first_update_id: int | None = None,
        first_message_id: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lock = threading.RLock()
        self.token: str | None = token
        self.bot = bot
        self.clock = clock
        self.updates = UpdateQueue(first_update_id or time_based_id())
        self.first_message_id = first_message_id or time_based_id()
        self.chats: dict[int, SimulatedChat] = {}
        self.files: dict[str, StoredFile] = {}
        self.calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self.sent: list[SentMessage] = []
        self.open_queries: set[str] = set()
        self.answered_queries: list[JSON] = []
        self.webhook = Webhook()
        self.webhook_reach = ""  # "http://127.0.0.1:8300": where the host of any webhook answers
        self.wake_delivery: Callable[[], object] = lambda: None
        self.allowed_updates: list[str] = []
        self.poll: Poll | None = None
        self.reads_all_messages = True  # privacy mode is off
        self.refuses_button_links = False  # as Telegram does with addresses of this machine
        self.hanging = 0  # calls that a script holds at this moment
        self._scripts: dict[str, deque[Answer]] = {}

    # --- chats and messages -------------------------------------------------------------------
    def add_chat(self, chat_id: int, *, title: str = "", chat_type: str = "") -> SimulatedChat:
        """The chat, made now unless it is known; without a type, the id tells it."""
        with self.lock:
            if chat_id not in self.chats:
                self.chats[chat_id] = SimulatedChat(
                    id=chat_id,
                    type=chat_type or chat_type_of(chat_id),
                    title=title or f"Тестовый чат {abs(chat_id)}",
                    next_message_id=self.first_message_id,
                )
            return self.chats[chat_id]

    def write(self, chat: SimulatedChat, author: JSON | None, **fields: Any) -> JSON:
        """A new message in the chat, as Telegram shows it; fields may set `date` or `message_id`."""
        with self.lock:
            message: JSON = {
                "message_id": chat.next_message_id,
                "chat": chat.as_chat(),
                "date": int(self.clock()),
            }
            message |= {"from": author} if author else {"sender_chat": chat.as_chat()}
            message |= fields
            chat.next_message_id = max(chat.next_message_id, message["message_id"] + 1)
            chat.messages[message["message_id"]] = message
            if author:
                chat.members[author["id"]] = author
            while len(chat.messages) > KEPT_MESSAGES_PER_CHAT:
                del chat.messages[next(iter(chat.messages))]
            return message

    def add_file(self, content: bytes, *, path: str, size: int | None = None) -> StoredFile:
        """Keep a file and return it with an id of its own; `size` (bytes) may claim to be larger."""
        with self.lock:
            number = len(self.files) + 1
            folder, _, name = path.rpartition("/")
            file = StoredFile(
                file_id=f"simulated-file-{self.first_message_id}-{number}",
                path=f"{folder or 'documents'}/{number}_{name}",
                content=content,
                size=len(content) if size is None else size,
            )
            self.files[file.file_id] = file
            return file

    # --- updates ------------------------------------------------------------------------------
    def add_update(self, payload: object) -> int:
        """Queue an update for the bot and wake the poll that waits for one."""
        with self.lock:
            update_id = self.updates.add(payload)
            self._wake()
            return update_id

    def happens(self, kind: str, content: JSON) -> JSON:
        """Something happened in a chat: the update, queued if the bot asked for this kind."""
        with self.lock:
            update = {"update_id": self.updates.next_id, kind: copy.deepcopy(content)}
            if not self.allowed_updates or kind in self.allowed_updates:
                self.add_update(update)
            return update

    def begin_poll(self, poll: Poll) -> None:
        """Take the place of the poll that waits, which is told so."""
        with self.lock:
            self.end_poll(
                "terminated by other getUpdates request; make sure that only one bot instance is running"
            )
            self.poll = poll

    def end_poll(self, reason: str) -> None:
        with self.lock:
            if self.poll is not None:
                self.poll.ended_by = reason
                self._wake()

    def forget_poll(self, poll: Poll) -> None:
        with self.lock:
            if self.poll is poll:
                self.poll = None

    def _wake(self) -> None:
        if self.poll is not None:
            self.poll.wake()
        self.wake_delivery()

    # --- calls --------------------------------------------------------------------------------
    def record(self, method: str, params: JSON) -> None:
        with self.lock:
            self.calls.append(Call(method=method, params=params, at=self.clock()))

    def script(self, method: str, answers: Iterable[Answer]) -> None:
        """The next calls of the method get these answers, in this order."""
        with self.lock:
            self._scripts.setdefault(method.lower(), deque()).extend(answers)

    def next_answer(self, method: str) -> Answer | None:
        with self.lock:
            answers = self._scripts.get(method.lower())
            return answers.popleft() if answers else None
