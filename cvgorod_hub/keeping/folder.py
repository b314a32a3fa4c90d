"""What a backup is on the disk: a folder that only its owner reads.

manifest.json   what is in it, of which version, as of when
database.dump   pg_dump's own format
media/          the files that rows name
SHA256SUMS      of all of these; `sha256sum --check SHA256SUMS` knows it, too
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cvgorod_hub.keeping.errors import KeepingError
from cvgorod_hub.keeping.media import check_hashes
from cvgorod_hub.keeping.tables import Content

MANIFEST, DUMP, MEDIA, HASHES = "manifest.json", "database.dump", "media", "SHA256SUMS"
# Of the folder's own shape; one that is larger was made by a newer hub.
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`taken_at`: the moment that the rows show. `missing`: files that rows name and the hub did not have.

    `secret_key` is a fingerprint, which says whether another DJANGO_SECRET_KEY is the same.
    """

    taken_at: datetime
    server_version: int
    dump_version: int
    database_bytes: int
    media_bytes: int
    secret_key: str
    migrations: list[str]
    tables: dict[str, Content]
    missing: list[str]

    def as_json(self) -> str:
        fields = asdict(self) | {"format": FORMAT, "taken_at": self.taken_at.isoformat()}
        return json.dumps(fields, indent=1, ensure_ascii=False, sort_keys=True)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises KeepingError for what is no backup, or one of a newer hub."""
        try:
            fields: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise KeepingError(f"{folder} is not a backup: its {MANIFEST} cannot be read.") from None
        if not isinstance(fields, dict) or fields.pop("format", None) != FORMAT:
            raise KeepingError(f"{folder} is not a backup that this version can read: update the hub first.")
        try:
            tables = {name: Content(**content) for name, content in fields.pop("tables").items()}
            taken_at = datetime.fromisoformat(fields.pop("taken_at"))
            return cls(tables=tables, taken_at=taken_at, **fields)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise KeepingError(f"{folder / MANIFEST} was changed or cut: it cannot be read.") from None


@contextmanager
def becoming(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name when it is complete; raises KeepingError where it cannot be."""
    if folder.exists():
        raise KeepingError(f"{folder} is there already; a backup never overwrites anything.")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir(mode=0o700)
    except FileExistsError:
        raise KeepingError(
            f"{unfinished} is there: another backup is at work, or one was killed. Then remove it."
        ) from None
    except OSError as error:
        raise KeepingError(f"{unfinished} cannot be made: {error.strerror}.") from None
    try:
        yield unfinished
        # Of two that end together one fails here: a folder is not renamed over one that holds something.
        unfinished.rename(folder)
    except BaseException as error:
        # Only here: once it has its name, another backup may have begun under the unfinished one.
        shutil.rmtree(unfinished, ignore_errors=True)
        if isinstance(error, OSError):
            raise KeepingError(_why(error, folder)) from None
        raise
    sync_names(folder.parent)


def _why(error: OSError, folder: Path) -> str:
    """Files of the hub are read meanwhile, too: the one that it is about is named."""
    return f"{error.filename or folder}: {error.strerror or type(error).__name__}. No backup was made."


def write_private(path: Path, text: str) -> None:
    """For its owner only, and on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_hashes(folder: Path, hashes: dict[str, str]) -> None:
    """`hashes` by name below the folder."""
    lines = (f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
    write_private(folder / HASHES, "".join(lines))


def read_hashes(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / HASHES).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        raise KeepingError(f"{folder} is not a whole backup: its {HASHES} cannot be read.") from None
    return {name: digest for digest, _space, name in (line.partition("  ") for line in lines)}


def check_folder(folder: Path, hashes: dict[str, str], *, checked: Callable[[int], object] = bool) -> None:
    """Raises KeepingError unless every file is what it was when the backup was made."""
    if not {MANIFEST, DUMP} <= hashes.keys():
        raise KeepingError(f"{folder / HASHES} was changed or cut: it does not name {MANIFEST} and {DUMP}.")
    if wrong := check_hashes(folder, hashes, checked=checked):
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise KeepingError(
            f"{folder} is damaged: {', '.join(wrong[:3])}{more} missing, or not what was backed up."
        )


def refuse_too_small(folder: Path, needed: int, what: str) -> None:
    """Raise KeepingError where the disk of the folder, or of the one that will hold it, has less free."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise KeepingError(f"{what} needs about {in_words(needed)}, and {there} has {in_words(free)} left.")


def in_words(size: int) -> str:
    """Bytes as 1.5 GB."""
    number, unit = float(size), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"


def sync_names(folder: Path) -> None:
    """The names in it are on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
