"""What an export says about a file: where it lies, or why it was left out. Nothing is copied.

A path comes from the file, so from whoever made it: only one that stays inside the export's folder is kept.
"""

import re
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from messaging.history.streaming import JSON

_DRIVE = re.compile(r"[A-Za-z]:")
# Telegram Desktop writes one of these in place of the path (export_output_json.cpp, pushPath).
_SKIPPED = re.compile(
    r"\((?:File|Photo|Video|Voice message|Sticker) (not included|exceeds|unavailable)[^)]*\)\s*\Z"
)


class FileState(StrEnum):
    """`media["export_file"]`: what became of a message's file."""

    INCLUDED = "included"
    MISSING = "missing"
    NOT_INCLUDED = "not_included"
    TOO_BIG = "too_big"
    UNAVAILABLE = "unavailable"
    UNSAFE_PATH = "unsafe_path"


_STATES = {
    "not included": FileState.NOT_INCLUDED,
    "exceeds": FileState.TOO_BIG,
    "unavailable": FileState.UNAVAILABLE,
}


class ExportFolder:
    """The folder that `result.json` lies in."""

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()
        self._is_inside = lru_cache(maxsize=1024)(self._resolves_inside)

    def facts(self, written: object) -> JSON:
        """`export_file`, and `export_path` (relative, with /) where the path is safe; {} without a file."""
        if not isinstance(written, str) or not written:
            return {}
        if skipped := _SKIPPED.search(written):
            return {"export_file": _STATES[skipped[1]].value}
        path = written.replace("\\", "/")
        if not self._is_safe(path):
            return {"export_file": FileState.UNSAFE_PATH.value}
        exists = (self._root / path).is_file()
        state = FileState.INCLUDED if exists else FileState.MISSING
        return {"export_file": state.value, "export_path": path}

    def _is_safe(self, path: str) -> bool:
        if path.startswith("/") or _DRIVE.match(path) or "\x00" in path or len(path) > 1024:
            return False
        if ".." in path.split("/"):
            return False
        try:
            target = self._root / path
            if target.is_symlink():
                return self._resolves_inside(path)
            return self._is_inside(path.rpartition("/")[0])
        except (OSError, ValueError):
            return False

    def _resolves_inside(self, path: str) -> bool:
        """Also through links that lie in the folder."""
        return (self._root / path).resolve().is_relative_to(self._root)
