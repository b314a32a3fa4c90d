"""What of an export is already there.

Where ids are the chat's own (supergroups, channels), by id. Elsewhere by sender, second and text, counted:
two equal «+» of one person within one second are two messages if the export has two. The n-th of its equals
keeps that n in its `origin`, so that another run, or another member's export, finds it again.
"""

import hashlib
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from messaging.adoption import Likeness, likeness
from messaging.history.reading import HistoryMessage
from messaging.incoming import OLD_HUB_ORIGIN
from messaging.models import Message, MessageVersion

# Equals stand close together in an export, which is in the order of sending; so many are remembered.
REMEMBERED = 20_000
_PAGE = 512
# Imported, and not from the hub before this one.
_BY_EXPORT = Q(source=Message.Source.IMPORT) & ~Q(origin__startswith=OLD_HUB_ORIGIN)


class SeenNumbers:
    """Numbers that a dry run has met, in a bit each, as it cannot find them in the database."""

    def __init__(self) -> None:
        self._pages: dict[int, int] = defaultdict(int)

    def add(self, number: int) -> bool:
        """Whether it is new."""
        page, bit = divmod(number, _PAGE)
        is_new = not self._pages[page] >> bit & 1
        self._pages[page] |= 1 << bit
        return is_new


class Equals:
    """Numbers the messages of one chat that are alike, in bounded memory."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._counts: OrderedDict[int, int] = OrderedDict()
        self._remembered = remembered

    def number(self, likeness: Likeness) -> int:
        key = hash(likeness)
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        if len(self._counts) > self._remembered:
            self._counts.popitem(last=False)
        return count


def likeness_of(message: HistoryMessage) -> Likeness:
    return likeness(
        speaker=message.sender.key,
        at=message.sent_at,
        message_type=message.message_type,
        text=message.text,
    )


def origin_of(chat_id: int, likeness: Likeness, nth: int) -> str:
    """The stable name of an imported message without a number of its chat."""
    sender, sent_at, is_service, text = likeness
    words = f"{chat_id}\n{sender}\n{int(sent_at.timestamp())}\n{is_service:d}\n{text}"
    return f"history:{hashlib.blake2b(words.encode(), digest_size=16).hexdigest()}:{nth}"


def stored_numbers(chat_id: int, numbers: Iterable[int]) -> set[int]:
    """Which of these ids the chat has; one query."""
    found = Message.objects.filter(
        chat_id=chat_id, telegram_message_id__in=list(numbers), business_connection_id="", numbered_by=0
    )
    return {number for number in found.values_list("telegram_message_id", flat=True) if number is not None}


def stored_likenesses(chat_ids: Sequence[int], messages: Sequence[HistoryMessage]) -> Counter[Likeness]:
    """How many messages alike to these were collected, sent, or known to the old hub, in two queries.

    What they said before an edit counts, too: the export may be older than the edit, or miss it.
    """
    if not messages:
        return Counter()
    seconds = {message.sent_at for message in messages}
    collected = (
        Message.objects.filter(chat_id__in=chat_ids, timestamp__in=seconds)
        .exclude(_BY_EXPORT)
        .values_list("pk", "user_id", "sender_chat_id", "timestamp", "message_type", "text")
    )
    found: Counter[Likeness] = Counter()
    rows: dict[int, tuple[int | None, datetime, str]] = {}
    said: dict[int, set[str]] = {}
    for pk, user_id, sender_chat_id, timestamp, message_type, text in collected:
        rows[pk] = (user_id or sender_chat_id, timestamp, message_type)
        said[pk] = {text}
    versions = MessageVersion.objects.filter(message_id__in=list(rows)).values_list("message_id", "text")
    for pk, text in versions if rows else ():
        said[pk].add(text)
    for pk, (speaker, at, kind) in rows.items():
        found.update({likeness(speaker=speaker, at=at, message_type=kind, text=text) for text in said[pk]})
    return found


def stored_origins(origins: Iterable[str]) -> set[str]:
    """Which of these an import has stored; one query."""
    found = Message.objects.filter(origin__in=list(origins)).values_list("origin", flat=True)
    return {origin for origin in found if origin is not None}
