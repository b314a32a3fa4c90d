"""The files that rows name, copied and hashed."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from cvgorod_hub.keeping.errors import KeepingError

# Below MEDIA_ROOT. Only recordings have files; their sizes are for the bar and the look at free space.
_NAMED = """
SELECT file, COALESCE(size, 0) FROM recordings WHERE file > '' ORDER BY message_id
"""
PIECE = 1024 * 1024
PART = ".part"


@dataclass(frozen=True, kw_only=True)
class Copied:
    """`hashes` by name below MEDIA_ROOT; `missing`: what rows name and the storage does not have."""

    hashes: dict[str, str]
    bytes: int
    missing: list[str]


def named_files(session: "psycopg.Connection[tuple[Any, ...]]") -> dict[str, int]:
    """`{name: bytes}` of the files that rows name, as the session's transaction sees them."""
    return dict(session.execute(_NAMED).fetchall())


def copy_files(
    names: Iterable[str], *, source: Path, target: Path, copied: Callable[[int], object]
) -> Copied:
    """Copy each file that is there; `copied` is told the bytes of each."""
    hashes: dict[str, str] = {}
    missing, total = [], 0
    for name in names:
        try:
            hashes[name], size = _copy(source / name, _below(target, name))
        except FileNotFoundError:
            missing.append(name)
            continue
        total += size
        copied(size)
    return Copied(hashes=hashes, bytes=total, missing=missing)


def hash_file(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_hashes(
    folder: Path, hashes: Mapping[str, str], *, checked: Callable[[int], object] = bool
) -> list[str]:
    """The names of files below the folder that are missing there, or are not what their hash says."""
    wrong = []
    for name, expected in hashes.items():
        path = _below(folder, name)
        if not path.is_file() or hash_file(path) != expected:
            wrong.append(name)
        checked(1)
    return wrong


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Copy one file for its owner only; its hash and size. It takes its name when it is whole: what a crash
    or a full disk leaves of it is in nobody's way, and the next try begins it anew.
    """
    digest, size = hashlib.sha256(), 0
    part = target.with_name(f"{target.name}{PART}")
    with source.open("rb") as reading:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as writing:
            while piece := reading.read(PIECE):
                writing.write(piece)
                digest.update(piece)
                size += len(piece)
            writing.flush()
            os.fsync(writing.fileno())
    part.replace(target)
    return digest.hexdigest(), size


def _below(folder: Path, name: str) -> Path:
    """Names come from a database, or from a backup that somebody may have changed."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise KeepingError(f"{name!r} does not lie in the folder that it belongs to.")
    return path
