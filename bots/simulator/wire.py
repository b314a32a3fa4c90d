"""Telegram's objects as JSON has them: people, chats, messages, files."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]

# Bot API, getFile: "can download files of up to 20MB in size".
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who writes. Names are free text, as in Telegram."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    is_bot: bool = False

    def as_user(self) -> JSON:
        user: JSON = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        names = {"last_name": self.last_name, "username": self.username}
        return user | {key: value for key, value in names.items() if value}


SOMEBODY = Person(id=500_000_001, first_name="Тест", last_name="Клиентова", username="test_client")


@dataclass(kw_only=True)
class StoredFile:
    """A file behind a file_id. `size` may be told larger than `content`, to be too big to fetch."""

    file_id: str
    path: str
    content: bytes
    size: int

    @property
    def unique_id(self) -> str:
        return hashlib.sha256(self.file_id.encode()).hexdigest()[:16]

    def facts(self) -> JSON:
        """What every kind of media says about its file."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
        }


@dataclass(kw_only=True)
class SimulatedChat:
    """A chat, what was written in it, and whether our bot may write there."""

    id: int
    type: str
    title: str = ""
    next_message_id: int = 1
    messages: dict[int, JSON] = field(default_factory=dict)
    refusal: str = ""  # the 403 that sendMessage gets, "" while the bot is a member
    migrated_to: int | None = None
    bot_status: str = "member"  # what getChatMember says of the bot while it is there
    members: dict[int, JSON] = field(default_factory=dict)

    def as_chat(self) -> JSON:
        if self.type == "private":
            return {"id": self.id, "type": self.type, "first_name": self.title}
        return {"id": self.id, "type": self.type, "title": self.title}


def chat_type_of(chat_id: int) -> str:
    """What an id alone tells: people are positive, supergroups and channels start at -100…"""
    if chat_id > 0:
        return "private"
    return "supergroup" if chat_id <= -1_000_000_000_000 else "group"


def buttons(message: JSON) -> dict[str, JSON]:
    """The buttons under a message, by their labels."""
    keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["text"]: button for row in keyboard for button in row}


def photo_fields(file: StoredFile, *, width: int = 1280, height: int = 960) -> JSON:
    return {"photo": [file.facts() | {"width": width, "height": height}]}


def voice_fields(file: StoredFile, *, seconds: int, mime_type: str = "audio/ogg") -> JSON:
    return {"voice": file.facts() | {"duration": seconds, "mime_type": mime_type}}


def sticker_fields(file: StoredFile, *, emoji: str) -> JSON:
    size = {"width": 512, "height": 512}
    kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": emoji}
    return {"sticker": file.facts() | size | kind}
