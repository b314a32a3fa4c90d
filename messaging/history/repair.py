"""The bytes of result.json as valid JSON.

Telegram Desktop writes control characters as `\\x01`, which is no JSON (tdesktop #27571), and its builds of
2022 wrote `document_id` without quotes (tdesktop #24961). Both are mended while the bytes pass by.
"""

import hashlib
import json
import re
from typing import BinaryIO

from messaging.history.opening import UTF8_BOM

CHUNK = 1 << 18
# An export has a line per value, so whole lines are repaired at once. In a line as long as this the file
# went through another program, and only escapes are watched.
LONGEST_LINE = 1 << 20

# Token by token: in `\\x0A` the first two characters are a token of their own.
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_BEGUN_ESCAPE = re.compile(rb"(?:x[0-9A-Fa-f]?)?\Z")
# Inside a text the quotes would be escaped, so this is always the member itself.
_BARE_DOCUMENT_ID = re.compile(rb'("document_id": )([^"\s][^\r\n]*?)(,?\r?\n)')


class RepairedStream:
    """A file to read from, with `read(size)` as ijson asks for it; `size` is a hint.

    `position`: bytes taken from the file. `sha256`: of these, as they are in the file.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._rest = b""
        self._digest = hashlib.sha256()
        self.position = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = CHUNK) -> bytes:
        """The next repaired bytes; empty at the end of the file, and when nothing is asked for."""
        while size:
            chunk = self._source.read(CHUNK)
            if not chunk:
                last, self._rest = self._rest, b""
                return _repair(last)
            self._digest.update(chunk)
            if self.position == 0:
                self._rest = chunk.removeprefix(UTF8_BOM)
            else:
                self._rest += chunk
            self.position += len(chunk)
            whole = _whole(self._rest)
            if whole:
                ready, self._rest = self._rest[:whole], self._rest[whole:]
                return _repair(ready)
        return b""


def _whole(data: bytes) -> int:
    """How much of it can be repaired without what follows."""
    end = data.rfind(b"\n") + 1
    if len(data) - end < LONGEST_LINE:
        return end
    for place in range(max(len(data) - 2, 0), len(data) + 1):
        # An odd backslash opens an escape; the data begins at a border, so counting from there is right.
        if _BEGUN_ESCAPE.match(data, place) and _backslashes_before(data, place) % 2:
            return place - 1
    return len(data)


def _backslashes_before(data: bytes, place: int) -> int:
    return place - len(data[:place].rstrip(b"\\"))


def _repair(data: bytes) -> bytes:
    if b"\\x" in data:
        data = _ESCAPE.sub(_unicode_escape, data)
    if b'"document_id": ' in data:
        data = _BARE_DOCUMENT_ID.sub(_quoted, data)
    return data


def _unicode_escape(token: re.Match[bytes]) -> bytes:
    return rb"\u00" + token[1] if token[1] else token[0]


def _quoted(member: re.Match[bytes]) -> bytes:
    return member[1] + json.dumps(member[2].decode("utf-8", "replace")).encode() + member[3]
