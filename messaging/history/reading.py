"""One message of an export as the hub keeps it."""

from dataclasses import dataclass
from datetime import datetime

from cvgorod_hub.common.texts import storable
from messaging.history.clock import ExportClock
from messaging.history.content import read_content, read_event, read_text
from messaging.history.errors import UnreadableMessageError
from messaging.history.files import ExportFolder
from messaging.history.peers import NOBODY, Sender, read_sender
from messaging.history.streaming import JSON
from messaging.models import Message

KINDS = frozenset({"message", "service", "unsupported"})
# Telegram's own limit of a message's number; below are numbers from before the group was a supergroup.
_LARGEST = 1 << 52


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """A message as the export has it; `number` counts for the exporting account, in supergroups for all."""

    number: int
    sender: Sender
    sent_at: datetime
    text: str
    message_type: Message.Type
    media: JSON
    edited_at: datetime | None = None
    reply_to: int | None = None
    forwarded_from: str = ""

    @property
    def is_service(self) -> bool:
        return self.message_type == Message.Type.SERVICE


class MessageReader:
    """Reads the messages of one chat in their order."""

    def __init__(self, *, chat_type: str, clock: ExportClock, folder: ExportFolder) -> None:
        self._chat_type = chat_type
        self._clock = clock
        self._folder = folder
        self._last_at: datetime | None = None

    def read(self, raw: object) -> HistoryMessage:
        """Raises UnreadableMessageError, whose message is the same for all messages of one defect."""
        if not isinstance(raw, dict):
            raise UnreadableMessageError("not a message")
        number = raw.get("id")
        if isinstance(number, bool) or not isinstance(number, int) or not 0 < abs(number) < _LARGEST:
            raise UnreadableMessageError("no usable id")
        kind = raw.get("type")
        if kind not in KINDS:
            raise UnreadableMessageError("of no known type")
        sent_at = self._sent_at(raw)
        if kind == "service":
            media = read_event(raw, self._chat_type)
            sender = read_sender(raw, "actor")
            return HistoryMessage(number, sender, sent_at, "", Message.Type.SERVICE, media)
        text = read_text(raw)
        message_type, media = read_content(raw, text, self._folder)
        return HistoryMessage(
            number=number,
            sender=read_sender(raw, "from") if kind == "message" else NOBODY,
            sent_at=sent_at,
            text=text,
            message_type=message_type,
            media=media,
            edited_at=self._clock.edited_at(raw, sent_at),
            reply_to=_reply_to(raw),
            forwarded_from=_name(raw.get("forwarded_from")),
        )

    def _sent_at(self, raw: JSON) -> datetime:
        """The time of a message that Telegram Desktop did not understand is that of the one before it."""
        sent_at = self._clock.sent_at(raw)
        if sent_at is None:
            if self._last_at is None or raw.get("type") != "unsupported":
                raise UnreadableMessageError("no date")
            return self._last_at
        self._last_at = sent_at
        return sent_at


def _reply_to(raw: JSON) -> int | None:
    """The message that it answers in the same chat, under its number there."""
    number = raw.get("reply_to_message_id")
    if "reply_to_peer_id" in raw or isinstance(number, bool) or not isinstance(number, int):
        return None
    return number if 0 < number < _LARGEST else None


def _name(value: object) -> str:
    return storable(value)[:256] if isinstance(value, str) else ""
