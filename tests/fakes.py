"""Stand-ins for the world outside."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from sandbox.transport import SentMessage, TransportError

BOT_ID = 777000111


@dataclass(frozen=True)
class Sent:
    chat_id: int
    text: str
    reply_to_message_id: int | None


class FakeTransport:
    """Takes every message, or raises what the test put into `failures`; `sent` is what arrived."""

    sent: ClassVar[list[Sent]] = []
    failures: ClassVar[list[TransportError]] = []
    before_answer: ClassVar[Callable[[], None] | None] = None

    @classmethod
    def reset(cls) -> None:
        cls.sent, cls.failures, cls.before_answer = [], [], None

    def send(self, *, chat_id: int, text: str, reply_to_message_id: int | None) -> SentMessage:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(Sent(chat_id, text, reply_to_message_id))
        if hook := type(self).before_answer:
            hook()
        return SentMessage(
            chat_id=chat_id,
            telegram_message_id=900_000 + len(self.sent),
            sent_at=datetime.now(UTC).replace(microsecond=0),
            sender_id=BOT_ID,
            sender_username="hub_bot",
            sender_name="Hub",
        )
