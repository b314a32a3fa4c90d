"""A chat as people read it: oldest first, with who speaks, what it answers and what was meant.

Read in pages, each by the key of a message (time, id), so that the ten thousandth costs what the first does
and nothing is shown twice or passed over while messages arrive.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import prefetch_related_objects

from cvgorod_hub.api.keysets import Cursor
from messaging.api.searching import BY_TIME
from messaging.models import Message
from messaging.querysets import MessageQuerySet

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
    """A part of a chat, oldest first."""

    said: list[Said]
    has_earlier: bool
    # What a reply that stands outside the conversation answers (`answered_id`).
    answered: Message | None = None
    # When the message after this part was said; None where this is the chat's end.
    next_at: datetime | None = None

    @cached_property
    def shown_ids(self) -> frozenset[int]:
        return frozenset(said.message.pk for said in self.said)

    @property
    def has_later(self) -> bool:
        return self.next_at is not None

    @property
    def first_place(self) -> str:
        """The cursor of its first message: what is before it comes by `read_before`."""
        return _place(self.said[0].message)

    @property
    def last_place(self) -> str:
        """The cursor of its last message: what is after it comes by `read_after`."""
        return _place(self.said[-1].message)


def read_conversation(*, chat_id: int, limit: int = LATEST, answered_id: int | None = None) -> Conversation:
    """The chat's newest messages, in three queries at most, however many there are.

    Each has `user` with `role`, its earlier `versions` where it was edited, and `analysis` where there is
    one. `answered_id` is a Telegram message id in this chat.
    """
    newest = list(_newest_first(_of_chat(chat_id))[: limit + 1])
    messages = newest[:limit][::-1]
    _fetch_versions(messages)
    quoted = _quoted(chat_id, messages, answered_id)
    return Conversation(
        said=_with_quotes(messages, quoted),
        has_earlier=len(newest) > limit,
        answered=_numbered(quoted, answered_id),
    )


def read_before(*, chat_id: int, place: str, limit: int = LATEST) -> Conversation:
    """What was said right before a place (`Conversation.first_place`). Raises ValueError for no place."""
    cursor = Cursor.decode(place, BY_TIME)
    older = list(_newest_first(BY_TIME.seek(_of_chat(chat_id), cursor.key))[: limit + 1])
    return _part(chat_id, older[:limit][::-1], has_earlier=len(older) > limit, next_at=cursor.key[0])


def read_after(*, chat_id: int, place: str, limit: int = LATEST) -> Conversation:
    """What was said right after a place (`Conversation.last_place`). Raises ValueError for no place."""
    newer = _after(chat_id, Cursor.decode(place, BY_TIME).key, limit + 1)
    next_at = newer[limit].timestamp if len(newer) > limit else None
    return _part(chat_id, newer[:limit], has_earlier=True, next_at=next_at)


def read_around(message: Message, *, limit: int = LATEST) -> Conversation:
    """A message in the midst of what was said before and after it."""
    at, half = (message.timestamp, message.pk), limit // 2
    # The key right after it, so that it comes itself.
    older = list(_newest_first(BY_TIME.seek(_of_chat(message.chat_id), (at[0], at[1] + 1)))[: half + 2])
    newer = _after(message.chat_id, at, half + 1)
    next_at = newer[half].timestamp if len(newer) > half else None
    messages = [*older[: half + 1][::-1], *newer[:half]]
    return _part(message.chat_id, messages, has_earlier=len(older) > half + 1, next_at=next_at)


def read_changed(*, chat_id: int, since: int, until: int, limit: int) -> Conversation:
    """What came or changed by transactions from `since` on, before `until` (both as `changed_xid`).

    At most `limit` of it, in the order in which it was said; `has_earlier` where there is more.
    """
    changed = _of_chat(chat_id).news().filter(changed_xid__gte=since, changed_xid__lt=until)
    rows = list(changed.order_by("changed_xid", "id")[: limit + 1])
    messages = sorted(rows[:limit], key=lambda message: (message.timestamp, message.pk))
    return _part(chat_id, messages, has_earlier=len(rows) > limit, next_at=None)


def read_one(message: Message) -> Conversation:
    """One message as it stands in its conversation, with what it answers."""
    rows = list(_readable(Message.objects.filter(pk=message.pk)))
    return _part(message.chat_id, rows, has_earlier=False, next_at=None)


def _place(message: Message) -> str:
    return Cursor((message.timestamp, message.pk)).encode()


def _of_chat(chat_id: int) -> MessageQuerySet:
    return _readable(Message.objects.filter(chat_id=chat_id))


def _readable(messages: MessageQuerySet) -> MessageQuerySet:
    return messages.select_related("user__role", "analysis", "recording").defer("search_vector")


def _newest_first(messages: Iterable[Message]) -> MessageQuerySet:
    assert isinstance(messages, MessageQuerySet)  # noqa: S101  (what `seek` was given)
    return messages.order_by("-timestamp", "-id")


def _after(chat_id: int, key: tuple[datetime, int], limit: int) -> list[Message]:
    newer = BY_TIME.seek(_of_chat(chat_id), key, forward=False)
    return list(BY_TIME.order(newer, forward=False)[:limit])


def _part(
    chat_id: int, messages: list[Message], *, has_earlier: bool, next_at: datetime | None
) -> Conversation:
    _fetch_versions(messages)
    said = _with_quotes(messages, _quoted(chat_id, messages, None))
    return Conversation(said=said, has_earlier=has_earlier, next_at=next_at)


def _fetch_versions(messages: list[Message]) -> None:
    """What was never edited has none, and costs no query."""
    prefetch_related_objects([message for message in messages if message.edited_at], "versions")


def _with_quotes(messages: list[Message], quoted: dict[_Number, Message]) -> list[Said]:
    return [Said(message, quoted.get(_answers(message))) for message in messages]


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
    if not (asked := numbers - {None}):
        return {}
    found = (
        Message.objects.filter(chat_id=chat_id, telegram_message_id__in=asked)
        .select_related("user__role", "analysis")
        .defer("search_vector")
    )
    return {(row.business_connection_id, row.numbered_by, row.telegram_message_id or 0): row for row in found}
