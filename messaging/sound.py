"""The sound of a message over HTTP, as browsers' players ask for it: whole, or a range of bytes (RFC 9110).

Django's FileResponse knows no ranges, and without them Safari plays nothing and no player can jump.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import http_date, parse_http_date_safe

from messaging.models import Message, Recording
from messaging.recordings import file_path

Container = Recording.Container
# Ours, and never what Telegram or the sender said.
CONTENT_TYPES = {
    Container.OGG_OPUS: "audio/ogg",
    Container.OGG: "audio/ogg",
    Container.MP3: "audio/mpeg",
    Container.WAV: "audio/wav",
    Container.MP4: "audio/mp4",
    Container.FLAC: "audio/flac",
    Container.AAC: "audio/aac",
    Container.WEBM: "audio/webm",
}
PIECE = 65_536
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True)
class _Range:
    """Bytes from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class _NothingThereError(Exception):
    """A range that begins behind the end."""


def serve_sound(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    """The recording's file. Raises FileNotFoundError where there is none.

    Whoever calls has checked that the person may read messages.
    """
    if not recording.file:
        raise FileNotFoundError
    file = file_path(recording).open("rb")
    try:
        response = _answer(request, recording, file)
    except BaseException:
        file.close()
        raise
    if not isinstance(response, StreamingHttpResponse):
        file.close()
    return response


def content_type_of(recording: Recording) -> str:
    """What a player is told; a video note has a picture beside its sound."""
    container = Container(recording.container or Container.UNKNOWN)
    if container == Container.MP4 and recording.message.message_type == Message.Type.VIDEO_NOTE:
        return "video/mp4"
    return CONTENT_TYPES.get(container, "application/octet-stream")


def _answer(request: HttpRequest, recording: Recording, file: BinaryIO) -> HttpResponseBase:
    size = file.seek(0, 2)
    headers = _headers(recording, file_path(recording).stat().st_mtime)
    try:
        wanted = _wanted(request, headers, size)
    except _NothingThereError:
        unsatisfiable = HttpResponse(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, content_type=content_type_of(recording)
        )
        unsatisfiable["Content-Range"] = f"bytes */{size}"
        unsatisfiable["X-Content-Type-Options"] = "nosniff"
        return unsatisfiable
    sent = wanted or _Range(0, size - 1)
    response = StreamingHttpResponse(
        _pieces(file, sent) if request.method != "HEAD" else _closed(file),
        content_type=content_type_of(recording),
        status=HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT,
    )
    for header, value in headers.items():
        response[header] = value
    response.headers["Content-Length"] = str(sent.length)
    if wanted is not None:
        response.headers["Content-Range"] = f"bytes {sent.first}-{sent.last}/{size}"
    return response


def _headers(recording: Recording, changed: float) -> dict[str, str]:
    name = f"message-{recording.message_id}.{str(recording.file.name).rpartition('.')[2]}"
    is_known = recording.container in CONTENT_TYPES
    return {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'{"inline" if is_known else "attachment"}; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
        "ETag": f'"{recording.message_id}-{int(changed * 1000):x}"',
        "Last-Modified": http_date(changed),
    }


def _wanted(request: HttpRequest, headers: dict[str, str], size: int) -> _Range | None:
    """The range asked for; None: all of it, as where what is asked is no single range of bytes."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if asked is None or not any(asked.groups()) or not _is_still_the_same(request, headers):
        return None
    first, last = asked.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise _NothingThereError
        return _Range(max(size - int(last), 0), size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise _NothingThereError
    return _Range(int(first), min(int(last) if last else size - 1, size - 1))


def _is_still_the_same(request: HttpRequest, headers: dict[str, str]) -> bool:
    """If-Range: part of a file goes with the other parts of that very file only."""
    condition = request.headers.get("If-Range", "")
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == headers["ETag"]
    return parse_http_date_safe(condition) == parse_http_date_safe(headers["Last-Modified"])


def _pieces(file: BinaryIO, wanted: _Range) -> Iterator[bytes]:
    with file:
        file.seek(wanted.first)
        left = wanted.length
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


def _closed(file: BinaryIO) -> Iterator[bytes]:
    file.close()
    return iter(())
