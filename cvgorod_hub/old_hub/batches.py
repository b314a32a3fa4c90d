"""Old messages in the order of their keys, each with what was said of it: two COPYs read side by side."""

# ruff: noqa: S608  (names of our own)

from collections.abc import Iterator
from dataclasses import dataclass, field

from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.shape import HAPPENED, Shape, said_at
from cvgorod_hub.old_hub.staging import LOCKED_AT_ONCE

ROWS = 20_000
# Bytes of texts: what a transaction holds stays small, however long they are.
_BYTES = 32 << 20
MESSAGE_COLUMNS = (
    "old_id, chat_id, number, user_id, text, kind, reply_to, pattern, said_at, stored_at, is_automatic, "
    "intent, confidence, sentiment"
)
ANALYSIS_COLUMNS = (
    "message, old_id, intent, sentiment, entities, confidence, model, tokens, milliseconds, created_at"
)
_NO_KEY = rb"\N"


@dataclass
class Batch:
    """Rows as COPY writes them. `last`: the key of the last message; None behind all of them."""

    messages: list[bytes] = field(default_factory=list)
    analyses: list[bytes] = field(default_factory=list)
    chats: set[bytes] = field(default_factory=set)
    size: int = 0
    last: int | None = None

    def add(self, row: bytes) -> None:
        key, chat, _rest = row.split(b"\t", 2)
        self.messages.append(row)
        self.chats.add(chat)
        self.size += len(row)
        self.last = int(key)

    @property
    def chat_ids(self) -> list[int]:
        return sorted(int(chat) for chat in self.chats if chat != _NO_KEY)

    def is_full(self, rows: int) -> bool:
        return len(self.messages) >= rows or len(self.chats) >= LOCKED_AT_ONCE or self.size > _BYTES


def read_batches(old: OldDatabase, shape: Shape, *, after: int | None, rows: int = ROWS) -> Iterator[Batch]:
    """What comes behind the message `after`; at the end what was said of no message there is."""
    analyses = _Analyses(old, shape, after)
    batch = Batch()
    for row in old.lines(_select_messages(shape, after)):
        batch.add(row)
        if batch.is_full(rows):
            batch.analyses = analyses.until(batch.last)
            yield batch
            batch = Batch()
    if batch.messages:
        batch.analyses = analyses.until(batch.last)
        yield batch
    while rest := analyses.until(None, most=rows):
        yield Batch(analyses=rest)


class _Analyses:
    def __init__(self, old: OldDatabase, shape: Shape, after: int | None) -> None:
        there = shape.has("message_analysis")
        query = _select_analyses(shape, after)
        self._rows: Iterator[bytes] = iter(old.lines(query, session=old.beside) if there else ())
        self._next = next(self._rows, None)

    def until(self, message: int | None, *, most: int | None = None) -> list[bytes]:
        """Those of messages up to this one; None: all, as they come, but no more than `most`."""
        taken: list[bytes] = []
        while self._next is not None and (most is None or len(taken) < most):
            key = self._next[: self._next.index(b"\t")]
            if message is not None and (key == _NO_KEY or int(key) > message):
                break
            taken.append(self._next)
            self._next = next(self._rows, None)
        return taken


def select_duplicates(shape: Shape) -> str:
    """(a later row, the earliest row of the same message). Rows that cannot come are none of them."""
    message = shape.table("messages", "m")
    number, said = message.number("telegram_message_id"), said_at(message)
    usable = f"{number} > 0 AND m.chat_id IS NOT NULL AND {said} IS NOT NULL"
    same = "SELECT chat_id, telegram_message_id FROM messages AS m"
    return f"""
        SELECT id, earliest FROM (
            SELECT id, min(id) OVER (PARTITION BY chat_id, telegram_message_id) AS earliest
              FROM messages AS m
             WHERE {usable} AND (chat_id, telegram_message_id) IN (
                {same} WHERE {usable} GROUP BY 1, 2 HAVING count(*) > 1)
        ) AS numbered WHERE id <> earliest
    """


def _select_messages(shape: Shape, after: int | None) -> str:
    message = shape.table("messages", "m")
    answered, join = message.number("reply_to_message_id"), ""
    if shape.replies_by_key:
        # A script made it the key of a row.
        answered = "CASE WHEN r.chat_id = m.chat_id THEN r.telegram_message_id::bigint END"
        join = "LEFT JOIN messages AS r ON r.id = m.reply_to_message_id"
    columns = [
        message.number("id"),
        message.number("chat_id"),
        f"CASE WHEN {message.number('telegram_message_id')} > 0 THEN m.telegram_message_id END",
        f"nullif({message.number('user_id')}, 0)",
        message.text("text"),
        f"lower(trim({message.text('message_type')}))",
        # Nothing answers itself.
        f"nullif(CASE WHEN {answered} > 0 THEN {answered} END, {message.number('telegram_message_id')})",
        message.number("pattern_id"),
        said_at(message),
        message.moment("created_at", until=HAPPENED),
        message.flag("is_automatic"),
        f"lower(trim({message.text('intent')}))",
        message.share("intent_confidence"),
        f"lower(trim({message.text('sentiment')}))",
    ]
    behind = "" if after is None else f"WHERE m.id > {after}"
    return f"SELECT {', '.join(columns)} FROM messages AS m {join} {behind} ORDER BY m.id"


def _select_analyses(shape: Shape, after: int | None) -> str:
    analysis = shape.table("message_analysis", "a")
    columns = [
        analysis.number("message_id"),
        analysis.number("id"),
        f"lower(trim({analysis.text('intent')}))",
        f"lower(trim({analysis.text('sentiment')}))",
        analysis.document("entities"),
        analysis.share("confidence"),
        analysis.text("model_used"),
        analysis.number("tokens_used"),
        analysis.number("processing_time_ms"),
        analysis.moment("created_at", until=HAPPENED),
    ]
    behind = "" if after is None else f"WHERE a.message_id > {after} OR a.message_id IS NULL"
    return f"SELECT {', '.join(columns)} FROM message_analysis AS a {behind} ORDER BY 1, 2"
