"""A recording's file from Telegram into the hub's storage: whole, in time, under our own name."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

import aiohttp
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from django.conf import settings

from bots import calls
from bots.client import FAILURES, TokenRefusedError, describe, translate
from bots.methods import GetFile
from bots.voice.containers import EXTENSIONS, Sound, look_at
from cvgorod_hub.common.external import ExternalServiceError
from messaging.models import Recording
from messaging.recordings import MOST_BYTES, file_name

# Seconds. Twenty megabytes in a hundred seconds need 1.6 Mbit/s.
ASK_SECONDS = 20.0
DOWNLOAD_SECONDS = 100.0
PIECE = 65_536
PART = ".part"


class FileTooBigError(Exception):
    """More than Telegram gives to bots."""


class FileGoneError(Exception):
    """Telegram does not know this file, or not from this bot."""


class PartialFileError(Exception):
    """What came is not the file that Telegram announced; its link may have run out."""


@dataclass(frozen=True)
class Fetched:
    """A whole file on the disk, not yet under its `name` (below MEDIA_ROOT); `size` in bytes."""

    part: Path
    name: str
    size: int
    sound: Sound

    def keep(self) -> None:
        """Under its name in one step, in place of what lay there; that had perhaps another format."""
        place = Path(settings.MEDIA_ROOT) / self.name
        self.part.replace(place)
        for other in place.parent.glob(f"{place.stem}.*"):
            if other != place and other.suffix != PART:
                other.unlink(missing_ok=True)


@contextmanager
def fetched(recording: Recording) -> Iterator[Fetched]:
    """The recording's file, gone afterwards unless it was kept.

    Raises FileTooBigError, FileGoneError, PartialFileError for this file; TokenRefusedError or another
    ExternalServiceError (never with the token) where Telegram or the disk fails.
    """
    path, announced = _ask(recording.file_id)
    folder = Path(settings.MEDIA_ROOT) / file_name(recording, "")
    with _disk(), _part_file(folder.parent) as part:
        size = _fetch(path, part)
        if size == 0 or (announced is not None and announced != size):
            raise PartialFileError(f"{size} bytes instead of {announced}")
        part.flush()
        os.fsync(part.fileno())
        sound = look_at(Path(part.name).read_bytes(), recording.told_mime_type)
        yield Fetched(Path(part.name), file_name(recording, EXTENSIONS[sound.container]), size, sound)


def _ask(file_id: str) -> tuple[str, int | None]:
    """Where the file can be fetched now, and how large it is."""
    try:
        answer = calls.call(GetFile(file_id=file_id), deadline=ASK_SECONDS)
    except TelegramEntityTooLarge as error:
        raise FileTooBigError(describe(error)) from None
    except (TelegramBadRequest, TelegramForbiddenError) as error:
        # Telegram has no code of its own for this one.
        kind = FileTooBigError if "too big" in error.message.lower() else FileGoneError
        raise kind(describe(error)) from None
    except (TelegramUnauthorizedError, TelegramNotFound):
        raise TokenRefusedError from None
    except FAILURES as error:
        raise translate(error) from None
    path = answer.get("file_path") if isinstance(answer, dict) else None
    if not isinstance(path, str) or not path:
        raise ExternalServiceError("Telegram's answer names no file_path")
    size = answer.get("file_size")
    return path, size if isinstance(size, int) and not isinstance(size, bool) else None


def _fetch(path: str, part: IO[bytes]) -> int:
    """Write the file's bytes as they come; returns how many."""

    async def stream(bot: Bot) -> int:
        size = 0
        url = bot.session.api.file_url(bot.token, path)
        async for piece in bot.session.stream_content(
            url, timeout=round(DOWNLOAD_SECONDS), chunk_size=PIECE, raise_for_status=True
        ):
            size += len(piece)
            if size > MOST_BYTES:
                raise FileTooBigError("more than 20 MB came")
            part.write(piece)
        return size

    try:
        return calls.run(stream, deadline=DOWNLOAD_SECONDS)
    except aiohttp.ClientResponseError as error:
        raise _not_given(error) from None
    except (aiohttp.ClientError, *FAILURES) as error:
        raise ExternalServiceError(f"Telegram's file cannot be fetched: {type(error).__name__}") from None


def _not_given(error: aiohttp.ClientResponseError) -> Exception:
    """Their texts hold the URL, and with it the token."""
    if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.BAD_REQUEST):
        return PartialFileError(f"the file's link answers {error.status}")
    waiting = str(error.headers.get("Retry-After", "")) if error.headers else ""
    return ExternalServiceError(
        f"Telegram's file cannot be fetched: {error.status}",
        retry_after=float(waiting) if waiting.isdecimal() and len(waiting) < 6 else None,
    )


@contextmanager
def _part_file(folder: Path) -> Iterator[IO[bytes]]:
    """A file of its own in the folder, which is gone afterwards unless it was renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=PART, delete=False) as part:
        try:
            yield part
        finally:
            Path(part.name).unlink(missing_ok=True)


@contextmanager
def _disk() -> Iterator[None]:
    """A full disk is a neighbour that fails: it delays."""
    try:
        yield
    except OSError as error:
        if isinstance(error, TimeoutError | ConnectionError):
            raise
        raise ExternalServiceError(f"The file cannot be stored: {error.strerror}") from None


def remove_file(path: Path) -> None:
    """Delete a stored file; one that is gone already is as good."""
    path.unlink(missing_ok=True)
