"""Which messages a run takes: from a command's options, or from a list of the admin as it is filtered."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from messaging.models import Message


def with_words(messages: "QuerySet[Message]") -> "QuerySet[Message]":
    """Those that say something; the others have no meaning to find."""
    return messages.exclude(message_type=Message.Type.SERVICE).exclude(Q(text="") & Q(transcript=""))


def key_of(*parts: object) -> str:
    """Stands for a choice: the same for the same parts."""
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A period, a chat, an intent as it stands; None for any."""

    since: datetime | None = None
    until: datetime | None = None
    chat_id: int | None = None
    intent: str | None = None

    @property
    def key(self) -> str:
        return key_of("command", asdict(self))

    def messages(self) -> "QuerySet[Message]":
        conditions = {
            "timestamp__gte": self.since,
            "timestamp__lt": self.until,
            "chat_id": self.chat_id,
            "analysis__intent": self.intent,
        }
        given = {name: value for name, value in conditions.items() if value is not None}
        return with_words(Message.objects.filter(**given))

    def __str__(self) -> str:
        parts = {
            "since": self.since and f"{self.since:%Y-%m-%d %H:%M}",
            "until": self.until and f"{self.until:%Y-%m-%d %H:%M}",
            "chat": self.chat_id,
            "intent": self.intent,
        }
        return ", ".join(f"{name} {value}" for name, value in parts.items() if value) or "all messages"
