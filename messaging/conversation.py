"""A chat as people read it: oldest first, with who speaks and what was meant."""

from messaging.models import Message

LATEST = 40


def latest_messages(*, chat_id: int, limit: int = LATEST) -> list[Message]:
    """The chat's newest messages, oldest first, in two queries.

    Each has `user` with `role`, its earlier `versions`, and `analysis` where there is one.
    """
    newest = (
        Message.objects.filter(chat_id=chat_id)
        .select_related("user__role", "analysis")
        .prefetch_related("versions")
        .defer("search_vector")
        .order_by("-timestamp", "-id")[:limit]
    )
    return list(reversed(newest))
