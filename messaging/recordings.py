"""Recordings of messages with sound: made in the transaction that stores the message, and where files lie."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils._os import safe_join

from cvgorod_hub.common.bulk import update_rows
from messaging.models import Message, Recording, TranscriptVersion

State = Recording.State
# Bot API, getFile: bots can download files of up to 20 MB.
MOST_BYTES = 20 * 1024 * 1024
# Only a Bot API server of one's own gives more.
OFFICIAL_API = "https://api.telegram.org"
# Their files hold speech; documents only where Telegram says that they are sound.
SPOKEN = frozenset({Message.Type.VOICE, Message.Type.VIDEO_NOTE, Message.Type.AUDIO})
# What tells where a recording stands, and all of it begins anew with another file.
_FRESH: dict[str, Any] = {
    "error": "",
    "attempts": 0,
    "faults": 0,
    "api": "",
    "operation_id": "",
    "submitted_at": None,
    "container": "",
    "size": None,
    "file": "",
    "downloaded_at": None,
    "finished_at": None,
    "written_by": "",
    "writer_id": None,
}
_TELEGRAMS_FACTS = (
    "bot_id",
    "file_id",
    "file_unique_id",
    "told_mime_type",
    "told_size",
    "seconds",
    "state",
    "problem",
    "due_at",
    "queued_at",
)


def has_sound(message: Message) -> bool:
    """Whether the message's file is one to be heard, and can be asked for."""
    media = message.media if isinstance(message.media, dict) else {}
    mime = media.get("mime_type")
    is_sound = message.message_type in SPOKEN or (
        message.message_type == Message.Type.DOCUMENT and isinstance(mime, str) and mime.startswith("audio/")
    )
    return is_sound and 0 < len(_text(media, "file_id", most=513)) <= 512


def note_recordings(messages: Sequence[Message], bots: Mapping[int, int]) -> list[Recording]:
    """Have a recording for each of these messages that has sound; returns those with work to do.

    `bots` says by the message's key which bot was told of it. A file that an edit put in another's place is
    a new recording; anything else stays as it is. Call it in the transaction that stores the messages.
    """
    spoken = {message.pk: message for message in messages if has_sound(message) and message.pk in bots}
    if not spoken:
        return []
    now = timezone.now()
    rows = {pk: _recording(message, bots[pk], now) for pk, message in spoken.items()}
    known = Recording.objects.filter(message__in=rows).order_by("message_id").select_for_update()
    replaced = []
    for before in known:
        after = rows.pop(before.message_id)
        if after.file_unique_id != before.file_unique_id:
            replaced.append(_begin_anew(before, after))
    Recording.objects.bulk_create(rows.values(), ignore_conflicts=True)
    changed = [*rows.values(), *replaced]
    for row in changed:
        spoken[row.message_id].transcript_state = row.state
    update_rows([spoken[row.message_id] for row in changed], ["transcript_state"])
    return [row for row in changed if row.due_at is not None]


def can_retry(recording: Recording) -> bool:
    """Whether a person's trying again can help: not with what Telegram's own server gives to no bot."""
    if recording.state == State.OFF:
        return bool(settings.YANDEX_STT_ENABLED)
    if recording.state == State.TOO_BIG:
        return settings.TELEGRAM_API_URL != OFFICIAL_API
    return recording.state in (State.FAILED, State.EMPTY)


def file_path(recording: Recording) -> Path:
    """Where the recording's file lies; by the hub's own numbers, never by what Telegram said.

    Raises SuspiciousFileOperation (for Django a 400) where the row leads out of MEDIA_ROOT.
    """
    return Path(safe_join(settings.MEDIA_ROOT, str(recording.file.name)))


def file_name(recording: Recording, extension: str) -> str:
    """The name, below MEDIA_ROOT, under which a file of this recording is kept."""
    return f"voice/{recording.message_id // 1000:06}/{recording.message_id}.{extension}"


def lock_message(message_id: int) -> Message:
    """The message, locked before its recording: whoever stores messages takes them in that order."""
    rows = Message.objects.select_for_update(of=("self",), no_key=True).select_related("user__role")
    return rows.defer("search_vector").get(pk=message_id)


def keep_version(recording: Recording, text: str) -> None:
    """Keep what the transcript says, before it says something else."""
    if text:
        TranscriptVersion.objects.create(recording=recording, text=text, written_by=recording.written_by)


def _recording(message: Message, bot_id: int, now: datetime) -> Recording:
    media = message.media
    size = _number(media, "file_size", most=2**62)
    is_too_big = size is not None and size > MOST_BYTES
    return Recording(
        message_id=message.pk,
        state=State.TOO_BIG if is_too_big else State.WAITING,
        problem=Recording.Problem.TOO_BIG if is_too_big else "",
        bot_id=bot_id,
        file_id=_text(media, "file_id", most=512),
        file_unique_id=_text(media, "file_unique_id", most=128),
        told_mime_type=_text(media, "mime_type", most=128).lower(),
        told_size=size,
        seconds=_number(media, "duration", most=10**6) or 0,
        queued_at=now,
        due_at=None if is_too_big else now,
        finished_at=now if is_too_big else None,
    )


def _begin_anew(before: Recording, after: Recording) -> Recording:
    """The same message has another file now; what was understood of the old one is kept aside."""
    message = Message.objects.only("transcript").get(pk=before.message_id)
    keep_version(before, message.transcript)
    for name in _TELEGRAMS_FACTS:
        setattr(before, name, getattr(after, name))
    for name, value in _FRESH.items():
        setattr(before, name, value)
    before.version += 1
    before.save()
    Message.objects.filter(pk=before.message_id).update(transcript="")
    return before


def _text(facts: Mapping[str, object], name: str, *, most: int) -> str:
    value = facts.get(name)
    return value[:most] if isinstance(value, str) else ""


def _number(facts: Mapping[str, object], name: str, *, most: int) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None
