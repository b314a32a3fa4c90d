"""Who speaks in an export: `user123`, `channel123`, `chat123`, or a bare number in old ones."""

import re
from dataclasses import dataclass

from cvgorod_hub.common.texts import storable
from messaging.history.errors import UnreadableMessageError
from messaging.history.streaming import JSON

# Where the Bot API's ids of supergroups and channels begin ("-100…").
CHANNELS = 10**12
# Ids had 32 bits then, and the kind of the peer stood above them.
OLD_BITS = 32
_OLD_CHAT = 2
_PEER = re.compile(r"(user|channel|chat)(\d{1,15})\Z")


@dataclass(frozen=True, slots=True)
class Sender:
    """A person (`user_id`), or a chat that speaks (`chat_id`, as the Bot API numbers it), or nobody known."""

    user_id: int | None = None
    chat_id: int | None = None
    name: str = ""

    @property
    def key(self) -> int:
        """Tells senders apart: people's ids are positive, chats' are negative, 0 is nobody."""
        return self.user_id or self.chat_id or 0


NOBODY = Sender()


def channel_chat_id(bare: int) -> int:
    return -(CHANNELS + bare)


def bare_id(number: int, *, is_old: bool) -> int:
    """A peer's id without the kind that exports before 2021 (without `date_unixtime`) wrote above it."""
    return number & ((1 << OLD_BITS) - 1) if is_old else number


def read_sender(raw: JSON, label: str) -> Sender:
    """Who `from` or `actor` (label) is; a deleted account has no name. Raises UnreadableMessageError."""
    peer = raw.get(f"{label}_id")
    name = raw.get(label)
    words = storable(name)[:256] if isinstance(name, str) else ""
    if peer is None:
        return Sender(name=words) if words else NOBODY
    if isinstance(peer, int) and not isinstance(peer, bool):
        return _old_sender(peer, words)
    match = _PEER.match(peer) if isinstance(peer, str) else None
    if match is None:
        raise UnreadableMessageError(f"{label}_id is none that an export has")
    number = int(match[2])
    if match[1] == "user":
        return Sender(user_id=number, name=words)
    return Sender(chat_id=channel_chat_id(number) if match[1] == "channel" else -number, name=words)


def _old_sender(peer: int, name: str) -> Sender:
    number = bare_id(peer, is_old=True)
    if peer <= 0 or not number:
        return Sender(name=name)
    if peer >> OLD_BITS == _OLD_CHAT:
        # Group or channel, the number does not say; a group never spoke in its own name then.
        return Sender(chat_id=channel_chat_id(number), name=name)
    return Sender(user_id=number, name=name)
