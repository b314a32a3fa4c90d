"""Where a message stands in Telegram, for whoever is a member of its chat there."""

from messaging.models import Message

# Bot API's ids of supergroups and channels: this less the id that links carry.
_SUPERGROUPS_BELOW = -1_000_000_000_000


def telegram_url(message: Message) -> str:
    """The message's own link (https://core.telegram.org/api/links#private-message-links).

    Empty where there is none: private chats and basic groups have no links to messages.
    """
    if message.chat_id >= _SUPERGROUPS_BELOW or not message.telegram_message_id:
        return ""
    inner = _SUPERGROUPS_BELOW - message.chat_id
    topic = f"{message.message_thread_id}/" if message.message_thread_id else ""
    return f"https://t.me/c/{inner}/{topic}{message.telegram_message_id}"
