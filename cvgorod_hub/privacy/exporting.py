"""Everything that the hub keeps about a person, as a ZIP: JSON lines, recordings, and what each file is."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from django.utils import timezone

from bots.personal import cards_of_replies, presses_of_person, updates_of_person
from clients.erasing import names_of
from clients.models import TelegramUser
from cvgorod_hub.common.handing_over import columns_of, rows_of
from cvgorod_hub.privacy.archive import StreamedZip
from cvgorod_hub.privacy.models import Erasure
from cvgorod_hub.privacy.traces import entries_about
from intents.personal import corrections_of_person, meanings_of_person
from messaging.erasing import chats_of
from messaging.personal import (
    chats_of_person,
    counts_of_person,
    files_of_person,
    imports_of_person,
    messages_of_person,
)
from sandbox.personal import replies_to_person

Progress = Callable[[str], object]
# What stands in each file, in Russian and English.
README = Path(__file__).with_name("README.txt")


def export_person(person: TelegramUser, *, progress: Progress = lambda _name: None) -> Iterator[bytes]:
    """The ZIP, in pieces as they are ready; memory does not grow with what the person said."""
    archive = StreamedZip()
    yield from archive.add("README.txt", [README.read_bytes()])
    for name, rows in _files(person).items():
        progress(name)
        yield from archive.add(name, _lines(rows))
    progress("media")
    for name, path in files_of_person(person.pk):
        yield from archive.add_file(f"media/{name}", path)
    yield from archive.end()


def write_export(person: TelegramUser, path: Path, *, progress: Progress) -> int:
    """The same into a file that its owner alone may read, whole or not at all; returns its bytes.

    Raises FileExistsError: nobody's file is written over; OSError where the disk refuses.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            return sum(file.write(piece) for piece in export_person(person, progress=progress))
    except BaseException:
        with suppress(FileNotFoundError):
            path.unlink()
        raise


def file_name(person: TelegramUser) -> str:
    """Without the name: a folder of downloads is read by many."""
    return f"person {person.pk} {timezone.localtime():%Y-%m-%d %H%M}.zip"


def _files(person: TelegramUser) -> Mapping[str, Iterable[Mapping[str, Any]]]:
    """Each file's rows; README says what they are."""
    return {
        "profile.jsonl": _profile(person),
        "roles.jsonl": _log(person.pk),
        "chats.jsonl": chats_of_person(person.pk),
        "messages.jsonl": messages_of_person(person.pk),
        "meanings.jsonl": meanings_of_person(person.pk),
        "corrections.jsonl": corrections_of_person(person.pk),
        "replies.jsonl": _replies(person),
        "cards.jsonl": _cards(person),
        "presses.jsonl": presses_of_person(person.pk),
        "updates.jsonl": updates_of_person(person.pk),
        "imports.jsonl": imports_of_person(person.pk),
        "erasures.jsonl": _erasures(person.pk),
    }


def _profile(person: TelegramUser) -> Iterator[dict[str, Any]]:
    yield {
        **_row(person),
        "role": person.role.role_name,
        "statistics": counts_of_person(person.pk),
    }


def _log(person_id: int) -> Iterator[dict[str, Any]]:
    for entry in entries_about(person_id):
        yield {"at": entry.action_time, "change": entry.get_change_message()}


def _erasures(person_id: int) -> Iterator[dict[str, Any]]:
    without = frozenset({"actor_name", "actor_user_id", "names"})
    for page in rows_of(Erasure.objects.filter(person_id=person_id), without=without):
        yield from page


def _row(person: TelegramUser) -> dict[str, Any]:
    row: dict[str, Any] = TelegramUser.objects.filter(pk=person.pk).values(*columns_of(TelegramUser)).get()
    return row


def _replies(person: TelegramUser) -> Iterator[dict[str, Any]]:
    yield from replies_to_person(
        person.pk, chats=chats_of(person.pk), names=names_of(person), now=timezone.now()
    )


def _cards(person: TelegramUser) -> Iterator[dict[str, Any]]:
    yield from cards_of_replies([reply["id"] for reply in _replies(person)])


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        yield orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
