"""Which chat of the hub an exported conversation belongs to.

Groups and channels have one id for everybody. A private conversation has none: an export names it by the
other side, so the same talk is called after the client in our manager's export, and after our manager in the
client's. In the hub it is always called after the client; where that is not certain, nobody guesses.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from clients.models import TelegramUser
from messaging.history.errors import ChatRefusedError
from messaging.history.peers import Sender, bare_id, channel_chat_id
from messaging.history.streaming import ChatHead
from messaging.models import Chat

SUPERGROUPS = frozenset({"private_supergroup", "public_supergroup"})
CHANNELS = frozenset({"private_channel", "public_channel"})
PRIVATE = frozenset({"personal_chat", "bot_chat"})
LEFT_OUT = {
    "saved_messages": "somebody's notes to themselves",
    "replies": "Telegram's list of replies, not a conversation",
    "verification_codes": "Telegram's codes, not a conversation",
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the messages go.

    `is_numbered`: an export's ids are the chat's own, so they are keys. `family`: the chat and those that it
    was, or became, when the group turned into a supergroup. `before_id`: where goes what was said before.
    """

    chat_id: int
    chat_type: str
    is_numbered: bool
    name: str
    is_new: bool
    family: tuple[int, ...]
    before_id: int


def chat_type_of(head: ChatHead) -> str:
    """The hub's type for the export's. Raises ChatRefusedError for what is no conversation."""
    if head.type in LEFT_OUT:
        raise ChatRefusedError(LEFT_OUT[head.type])
    if head.type in SUPERGROUPS:
        return Chat.Type.SUPERGROUP
    if head.type in CHANNELS:
        return Chat.Type.CHANNEL
    if head.type == "private_group":
        return Chat.Type.GROUP
    if head.type in PRIVATE:
        return Chat.Type.PRIVATE
    raise ChatRefusedError(f"a chat of the unknown type «{head.type[:40]}»")


def find_target(
    head: ChatHead,
    *,
    senders: Collection[Sender],
    is_old: bool,
    chat_id: int | None,
    our_bots: Collection[int],
) -> Target:
    """Where this chat goes. Raises ChatRefusedError, which says what to give.

    `chat_id`: what the operator gave. `senders`: of the first messages. `is_old`: without `date_unixtime`.
    """
    chat_type = chat_type_of(head)
    number = bare_id(head.id, is_old=is_old)
    if not 0 < number < 1 << 52:
        raise ChatRefusedError(f"{head.id} is no id of a chat")
    if chat_type == Chat.Type.PRIVATE:
        found = _private_chat(head, number, senders=senders, chat_id=chat_id, our_bots=our_bots)
        return _target(found, chat_type, head.name if found == number else _person_name(found))
    if chat_type == Chat.Type.GROUP:
        return _target(_group(number, chat_id), chat_type, head.name)
    own = channel_chat_id(number)
    if chat_id not in (None, own):
        raise ChatRefusedError(
            f"the export itself says that this is the chat {own}; --chat {chat_id} contradicts it"
        )
    return _target(own, chat_type, head.name)


def check_is_private(number: int, senders: Iterable[Sender]) -> None:
    """Raises ChatRefusedError for a channel's direct messages, which an export calls a personal chat, too."""
    people = {sender.user_id for sender in senders if sender.user_id is not None} - {number}
    speaks = any(sender.chat_id is not None for sender in senders)
    if speaks or len(people) > 1:
        raise ChatRefusedError(
            "more than two speak here, or a channel does: direct messages of a channel, not of a person"
        )


def _private_chat(
    head: ChatHead,
    number: int,
    *,
    senders: Collection[Sender],
    chat_id: int | None,
    our_bots: Collection[int],
) -> int:
    check_is_private(number, senders)
    others = {sender.user_id: sender.name for sender in senders if sender.user_id not in (None, number)}
    if chat_id is not None:
        if chat_id <= 0:
            raise ChatRefusedError(
                f"a private conversation belongs to the client's chat, whose id is a positive number; "
                f"--chat {chat_id} is a group's"
            )
        if chat_id != number and others and chat_id not in others:
            raise ChatRefusedError(
                f"the two who speak here are {number} and {next(iter(others))}; --chat {chat_id} is neither"
            )
        return chat_id
    person = TelegramUser.objects.select_related("role").filter(pk=number).first()
    if number in our_bots or (person is not None and (person.role.is_staff or person.role.is_bot)):
        who = next(
            (f", who seems to be {name} ({pk}): --chat {pk}" for pk, name in others.items()), ": --chat ID"
        )
        raise ChatRefusedError(
            f"{head.name or number} ({number}) is one of us, so this is somebody's own export; "
            f"export it alone and give the id of that client{who}"
        )
    if person is None and not Chat.objects.filter(pk=number).exists():
        raise ChatRefusedError(
            f"the hub knows nobody with the id {number}; if {head.name or 'this'} is a client, "
            f"export the chat alone and give --chat {number}"
        )
    return number


def _group(number: int, chat_id: int | None) -> int:
    own = -number
    if chat_id is None or chat_id == own:
        return own
    became = Chat.objects.filter(pk=own).values_list("migrated_to_id", flat=True).first()
    if became == chat_id or (became is None and _is_group(chat_id)):
        return chat_id
    raise ChatRefusedError(
        f"this is the group {own}; --chat {chat_id} is neither that nor a group of the hub that it became"
    )


def _is_group(chat_id: int) -> bool:
    groups = Chat.objects.filter(chat_type__in=[Chat.Type.GROUP, Chat.Type.SUPERGROUP])
    return groups.filter(pk=chat_id).exists()


def _person_name(number: int) -> str:
    person = TelegramUser.objects.filter(pk=number).first()
    return person.display_name if person else ""


def _target(chat_id: int, chat_type: str, name: str) -> Target:
    chat = Chat.objects.filter(pk=chat_id).first()
    before = list(Chat.objects.filter(migrated_to_id=chat_id).order_by("pk").values_list("pk", flat=True))
    became = [chat.migrated_to_id] if chat is not None and chat.migrated_to_id else []
    return Target(
        chat_id=chat_id,
        chat_type=chat.chat_type if chat is not None else chat_type,
        is_numbered=chat_type in (Chat.Type.SUPERGROUP, Chat.Type.CHANNEL),
        name=chat.name if chat is not None else name,
        is_new=chat is None,
        family=(chat_id, *before, *became),
        before_id=before[0] if len(before) == 1 else chat_id,
    )
