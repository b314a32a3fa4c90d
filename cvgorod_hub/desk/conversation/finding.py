"""Search within one chat: the hub's own, with what was found marked and a link to each place."""

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from cvgorod_hub.api.keysets import Cursor
from messaging.api.searching import BY_TIME
from messaging.models import Message
from messaging.search import CompiledQuery, compile_query, highlight

# On one page of what was found.
FOUND_AT_ONCE = 20
# As the API's `search` (messaging/filters.py).
LONGEST_QUERY = 1000


@dataclass(frozen=True)
class Hit:
    """A message, and some of its text with what was found in <mark>; everything else in it is escaped."""

    message: Message
    words: SafeString


@dataclass(frozen=True)
class Found:
    """The newest first; `older` is the cursor of what else there is, or empty."""

    hits: list[Hit]
    older: str


def read_query(text: str) -> CompiledQuery | None:
    """What a person typed; None where there is no word in it."""
    return compile_query(text[:LONGEST_QUERY].replace("\x00", "")) or None


def find(*, chat_id: int, query: CompiledQuery, older_than: str = "") -> Found:
    """One page of what the search finds in the chat. Raises ValueError where `older_than` is no cursor."""
    found = Message.objects.filter(chat_id=chat_id).found_by(query).select_related("user__role")
    key = Cursor.decode(older_than, BY_TIME).key if older_than else None
    page = BY_TIME.seek(found, key) if key else found
    rows = list(BY_TIME.order(page.defer("search_vector"))[: FOUND_AT_ONCE + 1])
    shown = rows[:FOUND_AT_ONCE]
    older = Cursor((shown[-1].timestamp, shown[-1].pk)).encode() if len(rows) > FOUND_AT_ONCE else ""
    return Found([Hit(row, _marked(query, row)) for row in shown], older)


def _marked(query: CompiledQuery, message: Message) -> SafeString:
    return mark_safe(highlight(query, message.text, message.transcript))  # noqa: S308  (escaped there)
