"""What an import did, or would do: for people in lines, for programs as one object."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

REFUSED = "the chat is left out"
ERASED = "erased at the person's request"
COUNTED = ("messages", "added", "present", "skipped", "people_added", "first_at", "last_at")


@dataclass(kw_only=True)
class ChatReport:
    """One chat of the export. `messages` is the sum of added, present and skipped."""

    export_id: int
    export_type: str
    name: str
    chat_id: int | None = None
    is_new_chat: bool = False
    refused: str = ""
    messages: int = 0
    added: int = 0
    present: int = 0
    skipped_for: dict[str, int] = field(default_factory=dict)
    people_added: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    has_local_dates: bool = False

    @property
    def skipped(self) -> int:
        return sum(self.skipped_for.values())

    def skip(self, reason: str, count: int) -> None:
        self.skipped_for[reason] = self.skipped_for.get(reason, 0) + count

    def note_dates(self, first: datetime, last: datetime) -> None:
        self.first_at = min(first, self.first_at or first)
        self.last_at = max(last, self.last_at or last)


@dataclass(kw_only=True)
class ImportReport:
    """A whole run. `broken`: why the file ended before its end; `was_stopped`: somebody pressed Ctrl-C."""

    file_name: str
    is_dry_run: bool
    chats: list[ChatReport] = field(default_factory=list)
    sha256: str = ""
    broken: str = ""
    was_stopped: bool = False

    def total(self, name: str) -> int:
        return sum(getattr(chat, name) for chat in self.chats)

    @property
    def refused(self) -> list[ChatReport]:
        return [chat for chat in self.chats if chat.refused]

    def as_json(self) -> dict[str, Any]:
        """With the totals; times as ISO 8601."""
        chats = [{**asdict(chat), "skipped": chat.skipped} for chat in self.chats]
        totals = {
            name: self.total(name) for name in ("messages", "added", "present", "skipped", "people_added")
        }
        return {**asdict(self), "chats": chats, "totals": totals}

    def lines(self, zone_name: str) -> Iterator[str]:
        """`zone_name`: the time zone in which dates without one were read."""
        for chat in self.chats:
            yield from _chat_lines(chat)
        if any(chat.has_local_dates for chat in self.chats):
            yield f"Dates carry no time zone in this old export; they were read as those of {zone_name}."
        new = "would be new" if self.is_dry_run else "new"
        yield (
            f"Together: {self.total('messages'):,} messages, {self.total('added'):,} {new}, "
            f"{self.total('present'):,} already there, {self.total('skipped'):,} left out; "
            f"{self.total('people_added'):,} new people."
        )
        if self.total("people_added") and not self.is_dry_run:
            yield "New people are clients; give our own their role in the admin, under people."
        if self.is_dry_run:
            yield "Nothing was written: a dry run."


def _chat_lines(chat: ChatReport) -> Iterator[str]:
    name = f"{chat.name or 'without a name'} ({chat.export_type} {chat.export_id})"
    if chat.chat_id is None:
        yield f"{name}: left out: {chat.refused}." if chat.refused else f"{name}: no messages."
        if chat.messages:
            yield f"    messages {chat.messages:,}"
        return
    yield f"{name} -> chat {chat.chat_id}{', new' if chat.is_new_chat else ''}"
    yield (
        f"    messages {chat.messages:,}: new {chat.added:,}, already there {chat.present:,}, "
        f"left out {chat.skipped:,}; new people {chat.people_added:,}"
    )
    for reason, count in sorted(chat.skipped_for.items()):
        yield f"    left out {count:,}: {chat.refused if reason == REFUSED else reason}"
    if chat.first_at and chat.last_at:
        first, last = timezone.localtime(chat.first_at), timezone.localtime(chat.last_at)
        yield f"    from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
