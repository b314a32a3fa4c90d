"""How the sandbox reaches the outside: one method, implemented by `bots`, replaced in tests."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from cvgorod_hub.common.external import ExternalServiceError


@dataclass(frozen=True, kw_only=True)
class SentMessage:
    """What Telegram says about a message that it took."""

    chat_id: int
    telegram_message_id: int
    sent_at: datetime
    sender_id: int
    sender_username: str
    sender_name: str


class Outcome(enum.Enum):
    """What a failed attempt means for the message."""

    REFUSED = "refused"  # certainly not sent, and asking again will not help
    NOT_SENT = "not_sent"  # certainly not sent; may be tried again
    UNKNOWN = "unknown"  # it may have arrived


class TransportError(ExternalServiceError):
    """An attempt that did not end with a sent message.

    `chat_unreachable`: the bot was removed or blocked; `stop_all`: nothing can be sent at all (a refused
    token); `migrated_to`: the chat goes on under this id.
    """

    def __init__(
        self,
        message: str,
        *,
        outcome: Outcome,
        retry_after: float | None = None,
        chat_unreachable: bool = False,
        stop_all: bool = False,
        migrated_to: int | None = None,
    ) -> None:
        super().__init__(message, permanent=outcome is Outcome.REFUSED, retry_after=retry_after)
        self.outcome = outcome
        self.chat_unreachable = chat_unreachable
        self.stop_all = stop_all
        self.migrated_to = migrated_to


class Transport(Protocol):
    def send(self, *, chat_id: int, text: str, reply_to_message_id: int | None) -> SentMessage:
        """Send one plain text once, within `settings.SEND_DEADLINE_SECONDS`; raises TransportError."""


def get_transport() -> Transport:
    """The transport that `settings.SANDBOX_TRANSPORT` names."""
    return cast("Transport", import_string(settings.SANDBOX_TRANSPORT)())
