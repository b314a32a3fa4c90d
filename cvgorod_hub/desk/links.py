"""Where a conversation is read."""

from django.urls import NoReverseMatch, reverse


def conversation_link(*, chat_id: int, message_id: int) -> str:
    """The chat's conversation at this message; where there is no such page, the message's own.

    Both are keys of the hub's rows (`chats.id`, `messages.id`).
    """
    try:
        return f"{reverse('admin:desk_conversation', args=[chat_id])}#message-{message_id}"
    except NoReverseMatch:
        return reverse("admin:messaging_message_change", args=[message_id])
