"""Since when a client waits, kept on the chat so that nobody has to read its history."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from clients.models import RoleName
from messaging.locks import lock_chats
from messaging.models import Chat, Message

NEWEST_FIRST = ("-timestamp", "-telegram_message_id")

# (timestamp, Telegram's message id): the id settles the order within one second.
Answer = tuple[datetime, int]

_UPDATE = """
UPDATE chats SET
    last_message_at = GREATEST(chats.last_message_at, fresh.last_message_at),
    answered_at = answer.at,
    answered_message_id = answer.message_id,
    waiting_since = CASE WHEN chats.migrated_to_id IS NULL THEN (
        SELECT messages.timestamp
        FROM messages
        JOIN users ON users.id = messages.user_id
        JOIN user_roles ON user_roles.id = users.role_id
        WHERE messages.chat_id = ANY (
                chats.id || ARRAY(SELECT id FROM chats AS before WHERE before.migrated_to_id = chats.id))
          AND user_roles.role_name = %(client)s
          AND messages.source = %(telegram)s
          AND messages.message_type <> %(service)s
          AND messages.deleted_at IS NULL
          AND messages.timestamp >= COALESCE(answer.at, '-infinity')
          AND (answer.at IS NULL
               OR (messages.timestamp, messages.telegram_message_id) > (answer.at, answer.message_id))
        ORDER BY messages.timestamp, messages.id
        LIMIT 1
    ) END
FROM unnest(%(chats)s::bigint[], %(last)s::timestamptz[], %(answered)s::timestamptz[], %(ids)s::bigint[])
         AS fresh (chat_id, last_message_at, answered_at, answered_message_id)
     JOIN chats AS known ON known.id = fresh.chat_id
     CROSS JOIN LATERAL (
         SELECT at, message_id
         FROM (VALUES (known.answered_at, known.answered_message_id),
                      (fresh.answered_at, fresh.answered_message_id)) AS answers (at, message_id)
         ORDER BY at DESC NULLS LAST, message_id DESC NULLS LAST
         LIMIT 1
     ) AS answer
WHERE chats.id = fresh.chat_id
RETURNING chats.id, chats.migrated_to_id
"""


def note_activity(messages: Sequence[Message]) -> None:
    """Bring the chats of these messages up to date, in one statement. Call it with the chats locked.

    A word of our staff, or a reply that the hub sent, answers what was said before it. Service messages
    and imported history neither wait nor answer.
    """
    last: dict[int, datetime] = {}
    answered: dict[int, list[Answer]] = defaultdict(list)
    for message in messages:
        last[message.chat_id] = max(message.timestamp, last.get(message.chat_id, message.timestamp))
        if _answers(message):
            number = message.telegram_message_id or 0
            answered[message.chat_id].append((message.timestamp, number))
    if not last:
        return
    for old_id, new_id in _update(last, {chat_id: max(said) for chat_id, said in answered.items()}):
        # Read late: the group has gone on under another id since.
        lock_chats([old_id, new_id])
        carry_over(old_id=old_id, new_id=new_id)


def carry_over(*, old_id: int, new_id: int) -> None:
    """A group goes on under another id: what was asked and answered there counts here."""
    old = Chat.objects.get(pk=old_id)
    answered = {}
    if old.answered_at is not None:
        answered[new_id] = (old.answered_at, old.answered_message_id or 0)
    _update({old_id: old.last_message_at, new_id: old.last_message_at}, answered)


def recount_waiting(chat_ids: Iterable[int]) -> None:
    """Judge anew who waits in these chats, where messages were deleted. Call it with the chats locked."""
    _update(dict.fromkeys(chat_ids), {})


def recount_chats_of(*, user_id: int) -> int:
    """Judge anew who waits where this person has written, after a role changed; returns how many chats.

    Two queries a chat: people's order, not part of the flow.
    """
    spoken = Chat.objects.filter(messages__user_id=user_id).distinct()
    continued = Chat.objects.filter(migrated_from__in=spoken)
    counted = 0
    for chat_id in sorted({*spoken.values_list("pk", flat=True), *continued.values_list("pk", flat=True)}):
        with transaction.atomic():
            lock_chats([chat_id])
            chat = Chat.objects.get(pk=chat_id)
            # What was answered before a group moved stays answered.
            here = Q(chat_id=chat_id) | Q(chat__migrated_to_id=chat_id)
            last = Message.objects.answers().filter(here).order_by(*NEWEST_FIRST).first()
            chat.answered_at = last.timestamp if last else None
            chat.answered_message_id = (last.telegram_message_id or 0) if last else None
            chat.save(update_fields=["answered_at", "answered_message_id"])
            _update({chat_id: chat.last_message_at}, {})
        counted += 1
    return counted


def _update(last: Mapping[int, datetime | None], newest: Mapping[int, Answer]) -> list[tuple[int, int]]:
    """Returns those of the chats that have moved, and where to."""
    chat_ids = sorted(last)
    with connection.cursor() as cursor:
        cursor.execute(
            _UPDATE,
            {
                "client": RoleName.CLIENT,
                "telegram": Message.Source.TELEGRAM,
                "service": Message.Type.SERVICE,
                "chats": chat_ids,
                "last": [last[chat_id] for chat_id in chat_ids],
                "answered": [newest[i][0] if i in newest else None for i in chat_ids],
                "ids": [newest[i][1] if i in newest else None for i in chat_ids],
            },
        )
        return [(old_id, new_id) for old_id, new_id in cursor.fetchall() if new_id is not None]


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
