"""Chats and their messages, as Telegram told them; imports of what was said before."""

from messaging.history.models import HistoryImport
from messaging.models.chats import Chat, validate_time_zone
from messaging.models.counts import AuthorActivity, ChatRoleActivity, MessageCount, MessageCountChange
from messaging.models.messages import Message, MessageDeletion, MessageVersion, RussianSearchVector
from messaging.models.recordings import Recording, TranscriptVersion
from messaging.models.words import MessageWord, MessageWordVariant

__all__ = [
    "AuthorActivity",
    "Chat",
    "ChatRoleActivity",
    "HistoryImport",
    "Message",
    "MessageCount",
    "MessageCountChange",
    "MessageDeletion",
    "MessageVersion",
    "MessageWord",
    "MessageWordVariant",
    "Recording",
    "RussianSearchVector",
    "TranscriptVersion",
    "validate_time_zone",
]
