"""A ZIP that is sent while it is made: no part of it is ever whole in memory or on the disk."""

import zipfile
from collections.abc import Iterable, Iterator
from io import RawIOBase
from pathlib import Path

_PIECE = 1 << 16


class _Outlet(RawIOBase):
    """A file that can only be written to; what was written is taken out of it."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # whatever has a buffer, as io says
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


class StreamedZip:
    """Give it one member after the other; each gives the bytes that are ready meanwhile."""

    def __init__(self) -> None:
        self._outlet = _Outlet()
        self._zip = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        with self._zip.open(name, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                if ready := self._outlet.take():
                    yield ready
        yield self._outlet.take()

    def add_file(self, name: str, path: Path) -> Iterator[bytes]:
        """What is not on the disk any more is left out."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            yield from self.add(name, iter(lambda: file.read(_PIECE), b""))

    def end(self) -> Iterator[bytes]:
        self._zip.close()
        yield self._outlet.take()
