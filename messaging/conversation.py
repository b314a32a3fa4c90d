"""A chat as people read it: oldest first, with who speaks, what it answers and what was meant."""

from dataclasses import dataclass

from messaging.models import Message

LATEST = 40

# (business connection, numbered by, number): what tells one message of a chat from another.
_Number = tuple[str, int, int]


@dataclass(frozen=True)
class Said:
    """One message, and the one that it answers where the hub has it."""

    message: Message
    quoted: Message | None


@dataclass(frozen=True)
class Conversation:
    """The newest part of a chat, oldest first."""

    said: list[Said]
    has_earlier: bool
    # What a reply that stands outside the conversation answers (`answered_id`).
    answered: Message | None


def read_conversation(*, chat_id: int, limit: int = LATEST, answered_id: int | None = None) -> Conversation:
    """The chat's newest messages, in three queries however many there are.

    Each has `user` with `role`, its earlier `versions`, and `analysis` where there is one. `answered_id` is
    a Telegram message id in this chat.
    """
    newest = list(
        Message.objects.filter(chat_id=chat_id)
        .select_related("user__role", "analysis", "recording")
        .prefetch_related("versions")
        .defer("search_vector")
        .order_by("-timestamp", "-id")[: limit + 1]
    )
    messages = newest[:limit][::-1]
    quoted = _quoted(chat_id, messages, answered_id)
    return Conversation(
        said=[Said(message, quoted.get(_answers(message))) for message in messages],
        has_earlier=len(newest) > limit,
        answered=_numbered(quoted, answered_id),
    )


def read_one(message: Message) -> Conversation:
    """One message as it stands in its conversation, with what it answers."""
    [read] = (
        Message.objects.filter(pk=message.pk)
        .select_related("user__role", "analysis")
        .prefetch_related("versions")
        .defer("search_vector")
    )
    quoted = _quoted(read.chat_id, [read], None)
    return Conversation(said=[Said(read, quoted.get(_answers(read)))], has_earlier=False, answered=None)


def _answers(message: Message) -> _Number:
    # 0 is Telegram's "no id": nothing is stored under it.
    return message.business_connection_id, message.numbered_by, message.reply_to_message_id or 0


def _numbered(quoted: dict[_Number, Message], number: int | None) -> Message | None:
    """The bot's own chats are meant; where several bots have one, whichever of theirs has the number."""
    return next(
        (row for (connection, _bot, at), row in quoted.items() if not connection and at == number), None
    )


def _quoted(chat_id: int, messages: list[Message], answered_id: int | None) -> dict[_Number, Message]:
    numbers = {message.reply_to_message_id for message in messages} | {answered_id}
    found = (
        Message.objects.filter(chat_id=chat_id, telegram_message_id__in=numbers - {None})
        .select_related("user__role", "analysis")
        .defer("search_vector")
    )
    return {(row.business_connection_id, row.numbered_by, row.telegram_message_id or 0): row for row in found}
