"""One writer per chat at a time."""

from collections.abc import Iterable

from cvgorod_hub.common.database import lock_keys

# Keeps these locks apart from other advisory locks: Telegram's ids have 52 bits.
CHAT_LOCKS = 1 << 61


def lock_chats(chat_ids: Iterable[int]) -> None:
    """Be the only writer of these chats until the transaction ends.

    Everybody who stores messages takes this first, so nobody deadlocks, and what is kept on the chat is
    computed from what stands.
    """
    lock_keys(CHAT_LOCKS + chat_id for chat_id in chat_ids)
