"""What a source of messages (Telegram, an export, our own sends) hands to the ingest."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clients.people import IncomingPerson

# Telegram numbers their messages once, for everybody who reads them (Bot API facts, "Kinds/ids").
NUMBERED_ONCE = frozenset({"supergroup", "channel"})

# How `Message.origin` begins where the hub before this one knew the message; its key there follows.
OLD_HUB_ORIGIN = "old:"

# What makes two states the same message.
Key = tuple[int, str, int, int | str | None]


def numbering(chat_type: str, bot_id: int) -> int:
    """`Message.numbered_by` for what this bot says of such a chat: each bot counts private chats and basic
    groups for itself.
    """
    return 0 if chat_type in NUMBERED_ONCE else bot_id


@dataclass(frozen=True, kw_only=True)
class IncomingChat:
    id: int
    chat_type: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class IncomingMembership:
    """The bot was added to, or removed from, a chat."""

    chat: IncomingChat
    is_member: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class IncomingMessage:
    """One state of one message: as it was sent, or as an edit left it. Times are aware, in UTC.

    `telegram_message_id` is None where Telegram gave none (0); `origin` then names the message.
    `bot_id` is the bot that was told of it, if any.
    `migrated_to` / `migrated_from`: this message says that the group became a supergroup.
    `erased_at`: its author was erased since, so only its place is stored (messaging/erased.py).
    `arrival` grows with each arrival and settles the order within one second.
    """

    chat: IncomingChat
    telegram_message_id: int | None
    timestamp: datetime
    message_type: str
    bot_id: int = 0
    origin: str | None = None
    arrival: int = 0
    business_connection_id: str = ""
    sender: IncomingPerson | None = None
    sender_chat_id: int | None = None
    text: str = ""
    edited_at: datetime | None = None
    erased_at: datetime | None = None
    reply_to_message_id: int | None = None
    message_thread_id: int | None = None
    media_group_id: str = ""
    forwarded_from: str = ""
    media: dict[str, Any] = field(default_factory=dict)
    migrated_to: int | None = None
    migrated_from: int | None = None

    @property
    def numbered_by(self) -> int:
        """The bot in whose numbering the message's number stands; 0 where it does not depend on the bot."""
        return 0 if self.business_connection_id else numbering(self.chat.chat_type, self.bot_id)

    @property
    def key(self) -> Key:
        return (
            self.chat.id,
            self.business_connection_id,
            self.numbered_by,
            self.origin if self.telegram_message_id is None else self.telegram_message_id,
        )

    @property
    def chat_ids(self) -> set[int]:
        """The chats that storing this message writes to."""
        return {self.chat.id} | {pk for pk in (self.migrated_to, self.migrated_from) if pk is not None}

    @property
    def said_at(self) -> datetime:
        return self.edited_at or self.timestamp
