"""Telegram's updates as messages: reads the raw JSON, asks for nothing it does not need.

Not aiogram's models: a new required field or an unknown value makes those refuse what Telegram really sent
(facts in aiogram #1840 and its 10.3 chat-member types). Here only a message's key and time are required.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from bots.content import message_content
from bots.facts import opens_topic, surroundings
from bots.models import BotMembership
from bots.values import JSON, clean, describe_sender_name, full_name, read_id, read_int, read_object
from clients.people import IncomingPerson
from messaging.incoming import IncomingChat, IncomingMembership, IncomingMessage

# Kinds of update that hold a message, and whether it is a later state of one.
MESSAGE_KINDS = {
    "message": False,
    "edited_message": True,
    "channel_post": False,
    "edited_channel_post": True,
    "business_message": False,
    "edited_business_message": True,
}
CHAT_TYPES = frozenset({"private", "group", "supergroup", "channel"})
# The year 2200. Later times are no message's, and near the year 9999 no time zone can show them.
END_OF_TIMES = 7_258_118_400
# Telegram's stand-ins in `from` where no person speaks: its own notices and channels' posts in their groups,
# anonymous administrators, channels that write in groups. None of them is somebody who could be answered.
PLACEHOLDERS = frozenset({777000, 1087968824, 136817688})
LONGEST_QUERY_ID = 64
LONGEST_NAME = 128


class UnreadableUpdateError(ValueError):
    """The update is not what Telegram documents; the message names the field."""


@dataclass(frozen=True, kw_only=True)
class IncomingPress:
    """Somebody pressed a button of the bot's message; `data` is what the button carries."""

    query_id: str
    person: IncomingPerson
    data: str


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """Messages of a business account's chat were deleted, as the update stored under `arrival` says.

    Telegram does not say when.
    """

    chat_id: int
    business_connection_id: str
    message_ids: tuple[int, ...]
    arrival: int


@dataclass(frozen=True, kw_only=True)
class ParsedUpdate:
    """What an update means for the hub; nothing at all for kinds that it does not store."""

    message: IncomingMessage | None = None
    membership: IncomingMembership | None = None
    press: IncomingPress | None = None
    deletion: Deletion | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def chat_ids(self) -> set[int]:
        """The chats that it is about."""
        ids = {self.membership.chat.id} if self.membership else set()
        if self.deletion:
            ids.add(self.deletion.chat_id)
        if self.message:
            ids |= self.message.chat_ids
        return ids

    @property
    def means_nothing(self) -> bool:
        return not (self.message or self.membership or self.press or self.deletion)


def parse_update(payload: object, *, arrival: int, bot_id: int = 0) -> ParsedUpdate:
    """Read the raw update that this bot was given, stored under the key `arrival`.

    Raises UnreadableUpdateError.
    """
    try:
        return _parse(read_object(payload, "update"), arrival, bot_id)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableUpdateError(str(error) or type(error).__name__) from error


def update_kind(payload: object) -> str:
    """The name of what the update holds; "unknown" where it holds nothing with a name."""
    if isinstance(payload, dict):
        for name in payload:
            if name != "update_id":
                return str(name).encode("utf-8", "replace").decode()[:64].replace("\x00", "")
    return "unknown"


def _parse(update: JSON, arrival: int, bot_id: int) -> ParsedUpdate:
    notes: list[str] = []
    for kind, is_edit in MESSAGE_KINDS.items():
        if kind in update:
            raw = read_object(update[kind], kind)
            return ParsedUpdate(message=_message(raw, is_edit, arrival, bot_id, notes), notes=notes)
    if "my_chat_member" in update:
        raw = read_object(update["my_chat_member"], "my_chat_member")
        return ParsedUpdate(membership=_membership(raw, notes), notes=notes)
    if "deleted_business_messages" in update:
        raw = read_object(update["deleted_business_messages"], "deleted_business_messages")
        return ParsedUpdate(deletion=_deletion(raw, arrival, notes), notes=notes)
    if "callback_query" in update:
        raw = read_object(update["callback_query"], "callback_query")
        return ParsedUpdate(press=_press(raw, notes), notes=notes)
    # Of the rest, `business_connection` is the one that one might look for here: each business message names
    # its connection and its author, and whoever may connect our bot is anybody, so nobody gets a role by it.
    return ParsedUpdate()


def _membership(raw: JSON, notes: list[str]) -> IncomingMembership:
    member = read_object(raw.get("new_chat_member"), "new_chat_member")
    return IncomingMembership(
        chat=_chat(raw.get("chat"), notes),
        # A restricted one may have left (ChatMemberRestricted).
        is_member=member.get("status") not in BotMembership.GONE and member.get("is_member") is not False,
        at=_time(raw.get("date"), "date"),
    )


def _deletion(raw: JSON, arrival: int, notes: list[str]) -> Deletion:
    chat = read_object(raw.get("chat"), "chat")
    connection, numbers = _connection(raw, notes), raw.get("message_ids")
    if not connection:
        raise ValueError("business_connection_id is not a name")
    if not isinstance(numbers, list):
        raise ValueError("message_ids is not a list")
    return Deletion(
        chat_id=read_id(chat.get("id"), "chat.id"),
        business_connection_id=connection,
        message_ids=tuple(read_int(number, "message_ids") for number in numbers),
        arrival=arrival,
    )


def _press(raw: JSON, notes: list[str]) -> IncomingPress:
    """Only who and which button: the message may be inaccessible, or an inline one without a chat."""
    query_id = clean(raw.get("id"), notes)
    if not query_id or len(query_id) > LONGEST_QUERY_ID:
        raise ValueError("callback_query.id is not a name")
    return IncomingPress(
        query_id=query_id,
        person=_person(read_object(raw.get("from"), "callback_query.from"), notes),
        data=clean(raw.get("data"), notes)[:256],
    )


def _message(raw: JSON, is_edit: bool, arrival: int, bot_id: int, notes: list[str]) -> IncomingMessage:
    number = read_int(raw.get("message_id"), "message_id")
    content = message_content(raw, notes)
    sent_at = _time(raw.get("date"), "date")
    return IncomingMessage(
        chat=_chat(raw.get("chat"), notes),
        # 0 is Telegram's "no id": ephemeral messages, some large videos.
        telegram_message_id=number or None,
        bot_id=bot_id,
        origin=None if number else f"update:{arrival}",
        arrival=arrival,
        business_connection_id=_connection(raw, notes),
        sender=_sender(raw, notes),
        sender_chat_id=_optional_id(raw.get("sender_chat"), "sender_chat"),
        text=content.text,
        message_type=content.message_type,
        media={**surroundings(raw, notes), **content.media},
        timestamp=sent_at,
        edited_at=_edited_at(raw, sent_at) if is_edit else None,
        reply_to_message_id=_answered_id(raw.get("reply_to_message")),
        message_thread_id=_optional_int(raw, "message_thread_id"),
        media_group_id=clean(raw.get("media_group_id"), notes)[:64],
        forwarded_from=describe_sender_name(raw.get("forward_origin"), notes),
        migrated_to=_moved(raw, "migrate_to_chat_id"),
        migrated_from=_moved(raw, "migrate_from_chat_id"),
    )


def _answered_id(reply: object) -> int | None:
    if not isinstance(reply, dict) or opens_topic(reply):
        return None
    return read_int(reply.get("message_id"), "reply_to_message") or None


def _connection(raw: JSON, notes: list[str]) -> str:
    """Part of a key, so it is never cut: two that begin alike would become one."""
    name = clean(raw.get("business_connection_id"), notes)
    if len(name) > LONGEST_NAME:
        raise ValueError("business_connection_id is too long")
    return name


def _chat(raw: object, notes: list[str]) -> IncomingChat:
    chat = read_object(raw, "chat")
    chat_type = chat.get("type")
    if chat_type not in CHAT_TYPES:
        raise ValueError(f"chat.type is not one of {', '.join(sorted(CHAT_TYPES))}")
    return IncomingChat(
        id=read_id(chat.get("id"), "chat.id"), chat_type=str(chat_type), name=full_name(chat, notes)
    )


def _sender(raw: JSON, notes: list[str]) -> IncomingPerson | None:
    """The author. Where a chat speaks (`sender_chat`), Telegram's `from` is a placeholder, not a person."""
    person = raw.get("from")
    if not isinstance(person, dict) or isinstance(raw.get("sender_chat"), dict):
        return None
    return None if person.get("id") in PLACEHOLDERS else _person(person, notes)


def _person(person: JSON, notes: list[str]) -> IncomingPerson:
    return IncomingPerson(
        id=read_id(person.get("id"), "from.id"),
        username=clean(person.get("username"), notes)[:64],
        first_name=clean(person.get("first_name"), notes)[:256],
        last_name=clean(person.get("last_name"), notes)[:256],
        is_bot=person.get("is_bot") is True,
    )


def _edited_at(raw: JSON, sent_at: datetime) -> datetime:
    return _time(raw["edit_date"], "edit_date") if raw.get("edit_date") else sent_at


def _time(value: object, name: str) -> datetime:
    seconds = read_int(value, name)
    if not 0 <= seconds < END_OF_TIMES:
        raise ValueError(f"{name} is not a Unix time of our days")
    return datetime.fromtimestamp(seconds, UTC)


def _moved(raw: JSON, name: str) -> int | None:
    return read_id(raw[name], name) if raw.get(name) is not None else None


def _optional_int(raw: JSON, name: str) -> int | None:
    return read_int(raw[name], name) if raw.get(name) is not None else None


def _optional_id(raw: object, name: str) -> int | None:
    return read_id(raw.get("id"), f"{name}.id") if isinstance(raw, dict) else None
