"""Since when a client waits, kept on the chat so that nobody has to read its history."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from cvgorod_hub.common.bulk import update_rows
from messaging.locks import lock_chats
from messaging.models import Chat, Message

# By place; a message without a number comes first within its second, as everywhere.
NEWEST_FIRST = (F("timestamp").desc(), Coalesce("telegram_message_id", 0).desc())
# `seen_at` is of messaging/chats.py, and stored on the same occasion.
ACTIVITY_FIELDS = ("last_message_at", "answered_at", "answered_message_id", "waiting_since", "seen_at")

# A message's place in its chat: (timestamp, Telegram's message id); the id settles the order within a second.
Place = tuple[datetime, int]

# A group that became a supergroup goes on there, so its messages count there too. Whether somebody is a
# client is asked row by row on purpose: as a join, the planner may begin with all that clients ever wrote.
_FIRST_ASKED = """
SELECT answers.chat_id, min(asked.timestamp)
FROM unnest(%(chats)s::bigint[], %(at)s::timestamptz[], %(numbers)s::bigint[])
         AS answers (chat_id, at, message_id)
     JOIN chats AS part ON part.id = answers.chat_id OR part.migrated_to_id = answers.chat_id
     CROSS JOIN LATERAL (
         SELECT messages.timestamp
         FROM messages
         WHERE messages.chat_id = part.id
           AND messages.source = %(telegram)s
           AND messages.message_type <> %(service)s
           AND messages.deleted_at IS NULL AND messages.erased_for <> 'request'
           AND messages.timestamp >= COALESCE(answers.at, '-infinity')
           AND (messages.timestamp, COALESCE(messages.telegram_message_id, 0))
               > (COALESCE(answers.at, '-infinity'), answers.message_id)
           AND (SELECT NOT (user_roles.is_staff OR user_roles.is_bot)
                FROM users JOIN user_roles ON user_roles.id = users.role_id
                WHERE users.id = messages.user_id)
         ORDER BY messages.timestamp, messages.id
         LIMIT 1
     ) AS asked
GROUP BY answers.chat_id
"""


@dataclass
class _News:
    """What a batch of messages says about one chat."""

    last: list[datetime] = field(default_factory=list)
    answers: list[Place] = field(default_factory=list)
    questions: list[Place] = field(default_factory=list)

    def note(self, message: Message) -> None:
        self.last.append(message.timestamp)
        if _answers(message):
            self.answers.append(_place(message))
        elif _asks(message):
            self.questions.append(_place(message))


def note_activity(messages: Sequence[Message], *, known: Mapping[int, Chat] | None = None) -> None:
    """Bring the chats of these messages up to date: at most three queries. Call it with the chats locked.

    The messages come with their `user` and its `role`; `known` are chats as they were read under the lock.
    A word of our staff, or a reply that the hub sent, answers what was said before it. Service messages and
    imported history neither wait nor answer.
    """
    if not messages:
        return
    chats = _chats({message.chat_id for message in messages}, known or {})
    news: dict[int, _News] = defaultdict(_News)
    for message in messages:
        # A group that has moved is answered where it goes on.
        for chat_id in {message.chat_id, chats[message.chat_id].migrated_to_id or message.chat_id}:
            news[chat_id].note(message)
    answered = [chats[chat_id] for chat_id, told in news.items() if _take_over(chats[chat_id], told)]
    _recount(answered)
    update_rows([chats[chat_id] for chat_id in sorted(news)], ACTIVITY_FIELDS)


def carry_over(*, old_id: int, new_id: int) -> None:
    """A group goes on under another id: what was asked and answered there counts here."""
    chats = Chat.objects.in_bulk([old_id, new_id])
    old, new = chats[old_id], chats[new_id]
    old.waiting_since = None
    _take_over(new, _News([old.last_message_at] if old.last_message_at else [], [*_known_answer(old)]))
    _recount([new])
    update_rows([old, new], ACTIVITY_FIELDS)


def recount_waiting(chat_ids: Iterable[int]) -> None:
    """Judge anew who waits in these chats, where messages were deleted. Call it with the chats locked."""
    chats = [chat for chat in _chats(set(chat_ids), {}).values() if chat.migrated_to_id is None]
    _recount(chats)
    update_rows(chats, ACTIVITY_FIELDS)


@contextmanager
def changing_role(*, user_id: int) -> Iterator[None]:
    """Hold the person's chats while a role changes, in one transaction, and judge anew who waits there.

    The chats come first, as wherever messages are stored: a new role makes the counts wait for everybody who
    has stored some (migration 0009), and whoever is storing some would wait for the counts.
    """
    with transaction.atomic():
        lock_chats(_chats_of(user_id))
        yield
        recount_chats_of(user_id=user_id)


def recount_chats_of(*, user_id: int) -> int:
    """Judge anew who waits where this person has written, after a role changed; returns how many chats.

    Some queries a chat: people's order, not part of the flow.
    """
    chat_ids = _chats_of(user_id)
    for chat_id in chat_ids:
        with transaction.atomic():
            lock_chats([chat_id])
            _recount_answers(Chat.objects.get(pk=chat_id))
    return len(chat_ids)


def _chats_of(user_id: int) -> list[int]:
    """Where the person has written, and where those groups went on."""
    spoken = Chat.objects.filter(messages__user_id=user_id).distinct()
    continued = Chat.objects.filter(migrated_from__in=spoken)
    return sorted({*spoken.values_list("pk", flat=True), *continued.values_list("pk", flat=True)})


def _recount_answers(chat: Chat) -> None:
    """Find the newest answer, and who waits since. What was answered before a group moved stays answered."""
    here = Q(chat=chat) | Q(chat__migrated_to=chat)
    last = Message.objects.answers().filter(here).order_by(*NEWEST_FIRST).first()
    chat.answered_at = last.timestamp if last else None
    chat.answered_message_id = (last.telegram_message_id or 0) if last else None
    _recount([chat])
    update_rows([chat], ACTIVITY_FIELDS)


def _chats(wanted: set[int], known: Mapping[int, Chat]) -> dict[int, Chat]:
    """These chats, and those in which they are continued.

    The latter are locked late, out of the common order; a word in a group that has already moved is rare
    enough for the database to settle it.
    """
    chats = {chat_id: chat for chat_id, chat in known.items() if chat_id in wanted}
    chats |= _read(wanted - chats.keys())
    successors = {chat.migrated_to_id for chat in chats.values() if chat.migrated_to_id} - chats.keys()
    if successors:
        lock_chats(successors)
        chats |= _read(successors)
    return chats


def _read(chat_ids: set[int]) -> dict[int, Chat]:
    rows = Chat.objects.only(*ACTIVITY_FIELDS, "migrated_to")
    return rows.in_bulk(chat_ids) if chat_ids else {}


def _take_over(chat: Chat, news: _News) -> bool:
    """Bring the row up to date; whether a newer answer asks for a look at what was said after it."""
    chat.last_message_at = max([*news.last, *filter(None, [chat.last_message_at])], default=None)
    known = list(_known_answer(chat))
    newest = max([*known, *news.answers], default=None)
    if newest is not None and [newest] != known:
        chat.answered_at, chat.answered_message_id = newest
        return True
    if _nobody_waits_in(chat):
        chat.waiting_since = None
        return False
    unanswered = [place[0] for place in news.questions if newest is None or place > newest]
    chat.waiting_since = min([*unanswered, *filter(None, [chat.waiting_since])], default=None)
    return False


def _recount(chats: Sequence[Chat]) -> None:
    """Set `waiting_since` to the first question after the chat's answer, by what is stored."""
    if not chats:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _FIRST_ASKED,
            {
                "telegram": Message.Source.TELEGRAM,
                "service": Message.Type.SERVICE,
                "chats": [chat.pk for chat in chats],
                "at": [chat.answered_at for chat in chats],
                "numbers": [chat.answered_message_id or 0 for chat in chats],
            },
        )
        first: Mapping[int, datetime] = dict(cursor.fetchall())
    for chat in chats:
        chat.waiting_since = None if _nobody_waits_in(chat) else first.get(chat.pk)


def _nobody_waits_in(chat: Chat) -> bool:
    """In a group that goes on elsewhere, and where our own people talk about replies."""
    return chat.migrated_to_id is not None or chat.pk == settings.TELEGRAM_REVIEW_CHAT_ID


def _known_answer(chat: Chat) -> Iterable[Place]:
    """The chat's newest answer, if there is one."""
    if chat.answered_at is not None:
        yield (chat.answered_at, chat.answered_message_id or 0)


def _place(message: Message) -> Place:
    return message.timestamp, message.telegram_message_id or 0


def _asks(message: Message) -> bool:
    """As `MessageQuerySet.of_clients()` says it of stored rows."""
    if message.source != Message.Source.TELEGRAM or message.message_type == Message.Type.SERVICE:
        return False
    role = message.user.role if message.user else None
    # Who asked to be erased waits for nothing; whose words grew too old still does.
    is_there = message.deleted_at is None and message.erased_for != Message.ErasedFor.REQUEST
    return role is not None and not role.is_staff and not role.is_bot and is_there


def _answers(message: Message) -> bool:
    """As `MessageQuerySet.answers()` says it of stored rows."""
    if message.source == Message.Source.SENT:
        return True
    if message.source != Message.Source.TELEGRAM or message.message_type == Message.Type.SERVICE:
        return False
    if message.user is None:
        # An anonymous administrator speaks as the group itself.
        return message.sender_chat_id == message.chat_id
    return message.user.role.is_staff
