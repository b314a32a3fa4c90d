"""Where people read a chat: the desk's page, which this room knows by its name only."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from messaging.models import Message


def conversation_url(chat_id: int, message_id: int | None = None) -> str:
    """The chat's conversation; with a message, opened at that very one."""
    url = reverse("admin:desk_conversation", args=[chat_id])
    return url if message_id is None else f"{url}?message={message_id}#message-{message_id}"


def linked_place(message: Message) -> SafeString:
    """For a list: the name of the chat, which leads to the message in its conversation."""
    url = conversation_url(message.chat_id, message.pk)
    return format_html('<a href="{}" class="underline">{}</a>', url, message.chat)
