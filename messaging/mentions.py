"""Where messages of others name a person, beside their words: whom they answer, who joined, whose card."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from messaging.models import Message, MessageVersion

# Telegram's facts that hold a person's number (bots/facts.py), and those that go with it.
_NUMBERS = ("id", "user_id")
_WHOSE = ("chat", "receiver")
_NAMES = ("name", "username", "first_name", "last_name", "phone_number", "vcard")
_NAMED = """
    {table}.media::text LIKE %(number)s
    OR (ARRAY[{table}.media->'external_reply'->>'name', {table}.media->'story'->>'chat',
              {table}.media->>'chat', {table}.media->>'receiver'] && %(names)s::text[]
        AND (messages.chat_id = ANY(%(chats)s)
             OR NOT ARRAY[{table}.media->'external_reply'->>'name', {table}.media->'story'->>'chat',
                          {table}.media->>'chat', {table}.media->>'receiver'] && %(shared)s::text[]))
    OR {table}.media->'reply_to'->>'name' = ANY(%(names)s) AND messages.chat_id = ANY(%(chats)s)
"""
# Reads the facts of all messages once: no index knows whom they name.
_FIND = f"""
SELECT messages.id FROM messages
 WHERE messages.user_id IS DISTINCT FROM %(person)s AND messages.erased_at IS NULL
   AND ((messages.forwarded_from = ANY(%(names)s) AND messages.chat_id = ANY(%(chats)s))
     OR (messages.media <> '{{}}' AND ({_NAMED.format(table="messages")}
         OR (messages.media->>'event' = 'pinned_message' AND messages.media ? 'text'
             AND messages.chat_id = ANY(%(chats)s)))))
UNION
SELECT version.message_id FROM message_versions AS version JOIN messages ON messages.id = version.message_id
 WHERE messages.user_id IS DISTINCT FROM %(person)s AND messages.erased_at IS NULL
   AND ({_NAMED.format(table="version")})
 ORDER BY 1
"""  # noqa: S608  (constants)


def messages_naming(
    person_id: int, names: Collection[str], chats: Collection[int], *, shared: Collection[str]
) -> list[int]:
    """Messages of others that may name the person. Rising keys.

    By the number anywhere. By a name where the person has spoken; elsewhere what stands there with a quote
    or a story of theirs, unless others here are called the same (`shared`).
    """
    parameters: dict[str, Any] = {
        "person": person_id,
        "number": f"%: {person_id}%",
        "names": list(names),
        "chats": list(chats),
        "shared": list(shared),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIND, parameters)
        return [pk for (pk,) in cursor.fetchall()]


def forget_mentions(ids: Sequence[int], person_id: int, names: Collection[str]) -> int:
    """Take the person's name out of these messages and their earlier versions; returns how many had it.

    Call it inside a transaction that holds them.
    """
    changed = set()
    for message in Message.objects.filter(pk__in=ids).defer("search_vector"):
        before = (message.media, message.text, message.forwarded_from)
        message.media = _unpinned(message, without_person(message.media, person_id, names))
        if is_card_of(message.media, person_id):
            message.text = ""
        if message.forwarded_from in names:
            message.forwarded_from = ""
        if before != (message.media, message.text, message.forwarded_from):
            message.save(update_fields=["media", "text", "forwarded_from"])
            changed.add(message.pk)
    for version in MessageVersion.objects.filter(message__in=ids):
        media = without_person(version.media, person_id, names)
        if media != version.media:
            version.text = "" if is_card_of(media, person_id) else version.text
            version.media = media
            version.save(update_fields=["media", "text"])
            changed.add(version.message_id)
    return len(changed)


def without_person(media: Any, person_id: int, names: Collection[str]) -> Any:  # noqa: ANN401  (any JSON)
    """A message's facts, with the number of the person and nothing else of them."""
    if isinstance(media, list):
        return [without_person(each, person_id, names) for each in media]
    if not isinstance(media, dict):
        return media
    kept = {name: without_person(value, person_id, names) for name, value in media.items()}
    if any(kept.get(number) == person_id for number in _NUMBERS):
        kept = {name: value for name, value in kept.items() if name not in _NAMES}
    for answered in ("reply_to", "external_reply"):
        if isinstance(kept.get(answered), dict) and kept[answered].get("name") in names:
            kept = {name: value for name, value in kept.items() if name not in (answered, "quote")}
    # Whose story, and to whom it is written: there Telegram's facts have a name alone.
    return {name: value for name, value in kept.items() if name not in _WHOSE or value not in names}


def is_card_of(media: Any, person_id: int) -> bool:  # noqa: ANN401
    """Whether the message is a contact card of the person: its words are the name and the telephone."""
    return isinstance(media, dict) and media.get("user_id") == person_id and "event" not in media


def _unpinned(message: Message, media: Any) -> Any:  # noqa: ANN401
    """Without the words of a pinned message that was erased."""
    if not isinstance(media, dict) or media.get("event") != "pinned_message":
        return media
    number = media.get("message_id")
    pinned = Message.objects.filter(
        chat=message.chat_id,
        telegram_message_id=number if isinstance(number, int) else None,
        erased_at__isnull=False,
    )
    return {name: value for name, value in media.items() if name != "text"} if pinned.exists() else media
