"""What a person said, taken out of the messages: the rows stay with their time, place and author's number.

So every count stays what it was, and a replay or an import finds the row and leaves it alone.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from messaging.activity import recount_waiting
from messaging.locks import lock_chats
from messaging.models import Chat, HistoryImport, Message, MessageVersion, Recording, TranscriptVersion
from messaging.recordings import file_path

_BLANK = """
UPDATE messages
   SET text = '', transcript = '', transcript_state = '', media = '{}', forwarded_from = '',
       media_group_id = '', erased_at = now(), erased_for = %s
 WHERE id = ANY(%s)
"""
# Who answered them keeps their own words; what they quoted goes.
_ANSWERS = """
  FROM messages AS gone
 WHERE gone.id = ANY(%s) AND answers.chat_id = gone.chat_id
   AND answers.reply_to_message_id = gone.telegram_message_id
   AND answers.business_connection_id = gone.business_connection_id
   AND answers.numbered_by = gone.numbered_by
"""
_UNQUOTE = f"""
UPDATE messages AS answers SET media = answers.media - 'quote' - 'reply_to' {_ANSWERS}
   AND (answers.media ? 'quote' OR answers.media ? 'reply_to')
"""  # noqa: S608  (constants)
_UNQUOTE_VERSIONS = f"""
UPDATE message_versions SET media = message_versions.media - 'quote' - 'reply_to'
 WHERE message_id IN (SELECT answers.id FROM messages AS answers, {_ANSWERS.partition("FROM")[2]})
   AND (media ? 'quote' OR media ? 'reply_to')
"""  # noqa: S608
# Words that others passed on under the person's name, letter by letter, as they are or were before an edit;
# or their very file, recording, question or place. Under a name that somebody else has, too, only where the
# person has spoken.
_PASSED_ON = """
WITH own AS MATERIALIZED (
    SELECT id, text, message_type, media FROM messages WHERE user_id = %(person)s AND timestamp <= %(until)s
)
SELECT copy.id FROM messages AS copy
 WHERE copy.forwarded_from = ANY(%(names)s) AND copy.erased_at IS NULL
   AND copy.user_id IS DISTINCT FROM %(person)s
   AND (copy.forwarded_from <> ALL(%(shared)s) OR copy.chat_id = ANY(%(chats)s))
   AND ((copy.text <> '' AND copy.text IN (
            SELECT text FROM own
            UNION ALL
            SELECT version.text FROM message_versions AS version JOIN own ON own.id = version.message_id))
        OR copy.media->>'file_unique_id' IN (SELECT media->>'file_unique_id' FROM own)
        OR (copy.text = '' AND copy.media <> '{}' AND (copy.message_type, copy.media) IN (
            SELECT message_type, media FROM own WHERE text = ''))
        OR EXISTS (
            SELECT FROM recordings AS theirs
              JOIN recordings AS own ON own.file_unique_id = theirs.file_unique_id
              JOIN messages ON messages.id = own.message_id
             WHERE theirs.message_id = copy.id AND theirs.file_unique_id <> ''
               AND messages.user_id = %(person)s AND messages.timestamp <= %(until)s))
 ORDER BY copy.id
"""


@dataclass(frozen=True)
class Row:
    """A message to be erased; `place` is where to look for the next ones."""

    pk: int
    chat_id: int
    number: int | None
    place: tuple[datetime, int]


def messages_to_erase(
    person_id: int, until: datetime, *, after: tuple[datetime, int] | None, limit: int
) -> list[Row]:
    """The next of the person's messages that still say something, in the order in which they were said."""
    rows = Message.objects.filter(user_id=person_id, erased_at=None, timestamp__lte=until)
    if after is not None:
        rows = rows.filter(Q(timestamp__gt=after[0]) | Q(timestamp=after[0], pk__gt=after[1]))
    keys = rows.order_by("timestamp", "pk").values_list("pk", "chat_id", "telegram_message_id", "timestamp")
    return [Row(pk, chat_id, number, (at, pk)) for pk, chat_id, number, at in keys[:limit]]


def words_passed_on(
    person_id: int,
    until: datetime,
    names: Collection[str],
    *,
    shared: Collection[str],
    chats: Collection[int],
) -> list[int]:
    """Messages of others that are the person's own words, forwarded. To be asked before those are erased.

    `shared`: those of the names that others have, too; `chats`: where the person has spoken.
    """
    if not names:
        return []
    parameters: dict[str, Any] = {
        "person": person_id,
        "until": until,
        "names": list(names),
        "shared": list(shared),
        "chats": list(chats),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PASSED_ON, parameters)
        return [pk for (pk,) in cursor.fetchall()]


def chats_of(person_id: int) -> list[int]:
    """Where the person has spoken."""
    return sorted(set(Message.objects.filter(user_id=person_id).values_list("chat_id", flat=True).distinct()))


def hold_messages(ids: Collection[int]) -> None:
    """Be the only writer of these messages until the transaction ends, with their chats locked first."""
    lock_chats(Message.objects.filter(pk__in=ids).values_list("chat_id", flat=True))
    list(Message.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))


@contextmanager
def saying_nothing() -> Iterator[None]:
    """What is taken out of messages meanwhile is no word of anybody, after which a draft would be stale
    (migration 0014)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('hub.erasing', 'on', true)")
        yield
        cursor.execute("SELECT set_config('hub.erasing', '', true)")


def blank_messages(ids: Sequence[int], *, why: Message.ErasedFor) -> Counter[str]:
    """Take what these messages said, their files on disk first, and what others quoted of them.

    Call it inside a transaction that holds them (`hold_messages`). A death in between leaves rows whose file
    is gone, which the next try finds again.
    """
    counts = _drop_recordings(ids)
    counts["versions"] = MessageVersion.objects.filter(message__in=ids).delete()[0]
    with connection.cursor() as cursor, saying_nothing():
        cursor.execute(_BLANK, [why, list(ids)])
        counts["messages"] = cursor.rowcount
        cursor.execute(_UNQUOTE_VERSIONS, [list(ids)])
        cursor.execute(_UNQUOTE, [list(ids)])
        counts["quotes"] = cursor.rowcount
    return counts


def settle_waiting(chat_ids: Collection[int]) -> None:
    """Whoever asked to be erased waits for nothing any more. Call it inside a transaction.

    Once, when all is blank: of each chat it may read what was ever said there.
    """
    lock_chats(chat_ids)
    recount_waiting(chat_ids)


def _drop_recordings(ids: Sequence[int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    recordings = Recording.objects.filter(message__in=ids)
    for recording in recordings.order_by("message_id").select_for_update():
        if recording.file:
            file_path(recording).unlink(missing_ok=True)
            counts["files"] += 1
        counts["recordings"] += 1
    counts["transcript_versions"] = TranscriptVersion.objects.filter(recording__message__in=ids).count()
    recordings.delete()
    return counts


def blank_private_chat(person_id: int) -> int:
    """The chat that the person has with a bot is called after them, and so are exports of it."""
    imports = HistoryImport.objects.filter(chat=person_id)
    imports.update(file_name="", export_name="", note="")
    return Chat.objects.filter(pk=person_id).exclude(name="").update(name="")


def forget_in_event(data: Any) -> bool:  # noqa: ANN401  (any JSON)
    """Do to the `data` of a webhook's event (messaging/announcing.py) what was done to its messages.

    Whether it held one that says nothing (any more).
    """
    rows = data.get("messages") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        return False
    silent = Message.objects.filter(pk__in=[row["id"] for row in rows], text="", transcript="")
    erased = dict(silent.values_list("pk", "erased_at"))
    for row in rows:
        if row["id"] in erased:
            row |= {"text": "", "transcript": ""}
        if erased.get(row["id"]) is not None:
            row |= {"username": "", "first_name": ""}
            if row["chat_id"] == row["user_id"]:
                row["chat_name"] = ""
    return bool(erased)
