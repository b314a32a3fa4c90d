"""Erasures written down beside the database, so that a backup from before them cannot bring anybody back.

A line of JSON each in `ERASURES_FILE`: numbers and moments, no names. After a restore `erase_person --again`
reads it.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

_BEGINNING = '{"person_id": '


class UnreadableRecordsError(Exception):
    """The message names the file and the line."""


@dataclass(frozen=True)
class Record:
    """Whose words are erased, and until when."""

    person_id: int
    until: datetime


def write_down(record: Record) -> None:
    """Add it, unless it stands there; on the disk when this returns. Raises OSError."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and record in set(read_all()):
        return
    line = json.dumps({"person_id": record.person_id, "until": record.until.isoformat()})
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        # After a line that a crash cut off comes a line of its own.
        is_cut = file.seek(0, os.SEEK_END) > 0 and os.pread(descriptor, 1, file.tell() - 1) != b"\n"
        file.write(b"\n" * is_cut + f"{line}\n".encode())
        os.fsync(descriptor)


def read_all(path: Path | None = None) -> Iterator[Record]:
    """In the order in which they were written. Raises FileNotFoundError and UnreadableRecordsError.

    A line that a crash cut off is passed over: its erasure has written it again, or does so.
    """
    path = path or _path()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            said = json.loads(line)
            yield Record(int(said["person_id"]), datetime.fromisoformat(said["until"]))
        except (ValueError, KeyError, TypeError):
            if not _is_cut_off(line):
                raise UnreadableRecordsError(f"{path}, line {number}: not an erasure.") from None


def _is_cut_off(line: str) -> bool:
    """The beginning of what `write_down` writes, without its end."""
    return _BEGINNING.startswith(line[: len(_BEGINNING)]) and not line.endswith("}")


def _path() -> Path:
    return Path(settings.ERASURES_FILE)
