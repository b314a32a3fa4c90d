"""Updates without the words of people who were erased: their own, and what others quote and pass on of them.

Telegram still has those words, and hands them over again with every reply to them. Of a message its place is
left: who, where, when and its number, so that no count and no gap comes of it. What does not name such a
person stays exactly as it came.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bots.values import JSON

# What of a message says where it stands and nothing else. Without the time of an edit: at that time nobody
# was seen, under no name.
_PLACE = ("message_id", "date", "message_thread_id", "is_topic_message", "business_connection_id")
# What of a person or of their chat is no name.
_NUMBERS = ("id", "type", "is_bot")
# What of a contact card, or of somebody who was shared (SharedUser), is one.
_CARD = ("first_name", "last_name", "username", "phone_number", "vcard")
# What of a thing that somebody did and that is no message says who did it, where and to what: a press, a
# question to an inline bot, a request to join. Anything else there may be their words, name or address.
_ACT = (
    "id",
    "from",
    "user_chat_id",
    "date",
    "chat",
    "message",
    "inline_message_id",
    "chat_instance",
    "data",
    "result_id",
    "old_chat_member",
    "new_chat_member",
    "via_join_request",
    "via_chat_folder_invite_link",
)

Erased = Mapping[int, datetime]
# A message's place: its chat and its number there.
Place = tuple[int, int]


@dataclass(frozen=True)
class Hidden:
    """What is known of people who let nobody link to their account from what is forwarded of them.

    `names`: what stands there in place of the number; `copies`: messages that are their words passed on.
    """

    names: Collection[str] = ()
    copies: Collection[Place] = ()


def without_erased(payload: str, erased: Erased, *, received_at: datetime, hidden: Hidden = Hidden()) -> str:
    """The payload of an update without what these people said, each until their moment."""
    if not any(str(person) in payload for person in erased) and hidden == Hidden():
        return payload
    update: object = None
    try:
        update = json.loads(payload)
        kept = _Reader(erased, _moment(update) or received_at, hidden).read(update)
        return payload if kept == update else json.dumps(kept, separators=(",", ":"))
    except RecursionError:  # nested deeper than any that Telegram makes: none of it can be told apart
        kept = {"update_id": update.get("update_id")} if isinstance(update, dict) else {}
        return json.dumps(kept, separators=(",", ":"))


def copies_in(payload: str, names: Collection[str] | None = None) -> Iterator[Place]:
    """Messages in an update that are forwarded from somebody (of these names) who hides the account."""
    if '"hidden_user"' not in payload:
        return
    try:
        waiting: list[object] = [json.loads(payload)]
    except RecursionError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            if _is_hidden(value.get("forward_origin"), names) and (place := _place_of(value)) is not None:
                yield place


def _moment(update: object) -> datetime | None:
    """When what it tells happened, where it says so."""
    for content in update.values() if isinstance(update, dict) else ():
        if isinstance(content, dict) and (moment := _date(content)) is not None:
            return moment
    return None


def _date(value: JSON) -> datetime | None:
    seconds = value.get("date")
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


class _Reader:
    """`at`: when the update came about; names from later are those of somebody who has come anew."""

    def __init__(self, erased: Erased, at: datetime, hidden: Hidden) -> None:
        self._erased = erased
        self._at = at
        self._hidden = hidden

    def read(self, value: Any) -> Any:  # noqa: ANN401  (any JSON)
        if isinstance(value, list):
            return [self.read(each) for each in value]
        if not isinstance(value, dict):
            return value
        if self._is_theirs(value) or self._is_passed_on(value):
            return self._place(value)
        if self._is_their_act(value):
            value = {name: inner for name, inner in value.items() if name in _ACT}
        if _is_hidden(value, self._hidden.names):
            return {name: inner for name, inner in value.items() if name != "sender_user_name"}
        kept = {name: self.read(inner) for name, inner in value.items()}
        if self._is_theirs(value.get("reply_to_message")):
            kept.pop("quote", None)
        if self._is_passed_on({"forward_origin": _origin(value.get("external_reply"))}) or _is_hidden(
            _origin(value.get("external_reply")), self._hidden.names
        ):
            kept = {name: inner for name, inner in kept.items() if name not in ("external_reply", "quote")}
        if self._was_erased(value.get("id"), self._at):
            return {name: inner for name, inner in kept.items() if name in _NUMBERS}
        if self._was_erased(value.get("user_id"), self._at):
            return {name: inner for name, inner in kept.items() if name not in _CARD}
        return kept

    def _was_erased(self, person: object, at: datetime | None) -> bool:
        until = self._erased.get(person) if isinstance(person, int) else None
        return until is not None and at is not None and at <= until

    def _is_theirs(self, message: object) -> bool:
        """A message that one of them wrote."""
        if not isinstance(message, dict) or "message_id" not in message or "sender_chat" in message:
            return False
        return self._was_erased(_id_of(message.get("from")), _date(message) or self._at)

    def _is_their_act(self, value: JSON) -> bool:
        if "message_id" in value:
            return False
        return self._was_erased(_id_of(value.get("from")), _date(value) or self._at)

    def _is_passed_on(self, message: JSON) -> bool:
        """A message of anybody that is one of theirs, forwarded."""
        if self._hidden.copies and _place_of(message) in self._hidden.copies:
            return True
        origin = message.get("forward_origin")
        if not isinstance(origin, dict):
            return False
        return self._was_erased(_id_of(origin.get("sender_user")), _date(origin) or self._at)

    def _place(self, message: JSON) -> JSON:
        kept = {name: message[name] for name in _PLACE if name in message}
        for name in ("chat", "from", "sender_chat"):
            if name in message:
                kept[name] = self._without_names(message[name])
        answered = message.get("reply_to_message")
        if isinstance(answered, dict) and "message_id" in answered:
            kept["reply_to_message"] = {"message_id": answered["message_id"]}
        return kept

    def _without_names(self, person_or_chat: Any) -> Any:  # noqa: ANN401
        if not isinstance(person_or_chat, dict):
            return person_or_chat
        number = person_or_chat.get("id")
        if not isinstance(number, int) or number not in self._erased:
            return person_or_chat
        return {name: value for name, value in person_or_chat.items() if name in _NUMBERS}


def _origin(reply: object) -> object:
    return reply.get("origin") if isinstance(reply, dict) else None


def _is_hidden(origin: object, names: Collection[str] | None) -> bool:
    name = origin.get("sender_user_name") if isinstance(origin, dict) else None
    return isinstance(name, str) and (names is None or name in names)


def _place_of(message: JSON) -> Place | None:
    chat, number = _id_of(message.get("chat")), message.get("message_id")
    return (chat, number) if isinstance(chat, int) and isinstance(number, int) else None


def _id_of(person: object) -> object:
    return person.get("id") if isinstance(person, dict) else None
