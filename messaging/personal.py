"""What the hub keeps of a person in chats, as it is handed over to them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet

from cvgorod_hub.common.handing_over import PAGE, columns_of, rows_of
from messaging.models import (
    AuthorActivity,
    Chat,
    HistoryImport,
    Message,
    MessageVersion,
    Recording,
    TranscriptVersion,
)

# Numbers that order changes, and the words once more.
_INNER = frozenset({"search_vector", "changed_xid", "said_xid", "state_at", "state_arrival"})
# What surrounds a message are words and names of whom it answers (bots/facts.py).
_OTHERS = frozenset({"quote", "reply_to", "external_reply"})
# Who of our team corrected it is their data.
_OURS = frozenset({"writer_id"})


def chats_of_person(person_id: int) -> Iterator[dict[str, Any]]:
    """Where the person wrote, how much and when."""
    chats = Chat.objects.filter(messages__user=person_id).order_by("pk")
    first, last = Min("messages__timestamp"), Max("messages__timestamp")
    rows = chats.values("id", "name", "chat_type", said=Count("messages"), first=first, last=last)
    yield from map(dict, rows)


def messages_of_person(person_id: int) -> Iterator[dict[str, Any]]:
    """Every message with its earlier versions and, where something was spoken, the recording's."""
    for page in _pages(person_id):
        ids = [row["id"] for row in page]
        versions = _by(MessageVersion.objects.filter(message__in=ids), "message_id")
        recordings = _recordings(ids)
        for row in page:
            before = [_own(version) for version in versions[row["id"]]]
            yield {**_own(row), "versions": before, "recording": recordings.get(row["id"])}


def files_of_person(person_id: int) -> Iterator[tuple[str, Path]]:
    """Recordings: the name under MEDIA_ROOT, and where the file lies."""
    recordings = Recording.objects.filter(message__user=person_id).exclude(file="")
    for page in rows_of(recordings):
        for row in page:
            yield row["file"], Path(settings.MEDIA_ROOT) / row["file"]


def imports_of_person(person_id: int) -> Iterator[dict[str, Any]]:
    """Exports by which messages of the person came in."""
    imported = Message.objects.filter(user=person_id, source=Message.Source.IMPORT)
    for page in rows_of(HistoryImport.objects.filter(chat__in=imported.values("chat"))):
        yield from page


def counts_of_person(person_id: int) -> dict[str, Any]:
    """What statistics keep under the person's number."""
    return AuthorActivity.objects.filter(pk=person_id).values(*columns_of(AuthorActivity)).first() or {}


def _own(row: dict[str, Any]) -> dict[str, Any]:
    """Without what the message quotes of others."""
    media = row["media"]
    if not isinstance(media, dict):
        return row
    return {**row, "media": {name: value for name, value in media.items() if name not in _OTHERS}}


def _recordings(message_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    found = Recording.objects.filter(message__in=message_ids)
    versions = _by(TranscriptVersion.objects.filter(recording__in=found), "recording_id")
    rows = found.values(*columns_of(Recording, without=_OURS))
    return {row["message_id"]: {**row, "versions": versions[row["id"]]} for row in rows}


def _by(rows: "QuerySet[Any]", name: str) -> dict[int, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows.values(*columns_of(rows.model)):
        found[row[name]].append(row)
    return found


def _pages(person_id: int) -> Iterator[list[dict[str, Any]]]:
    """In the order in which they were said, by the index of a person's messages."""
    rows = Message.objects.filter(user=person_id).order_by("timestamp", "pk")
    said = rows.values(*columns_of(Message, without=_INNER))
    page = list(said[:PAGE])
    while page:
        yield page
        at, pk = page[-1]["timestamp"], page[-1]["id"]
        page = list(said.filter(Q(timestamp__gt=at) | Q(timestamp=at, pk__gt=pk))[:PAGE])
