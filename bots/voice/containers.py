"""What a sound file is, by its own bytes; what Telegram says of it only where they tell nothing."""

import struct
from dataclasses import dataclass

from messaging.models import Recording

Container = Recording.Container
EXTENSIONS = {
    Container.OGG_OPUS: "ogg",
    Container.OGG: "ogg",
    Container.MP3: "mp3",
    Container.WAV: "wav",
    Container.MP4: "m4a",
    Container.FLAC: "flac",
    Container.AAC: "aac",
    Container.WEBM: "webm",
    Container.UNKNOWN: "bin",
}
_BY_MIME = {
    "audio/ogg": Container.OGG_OPUS,
    "audio/opus": Container.OGG_OPUS,
    "audio/mpeg": Container.MP3,
    "audio/mp3": Container.MP3,
    "audio/wav": Container.WAV,
    "audio/x-wav": Container.WAV,
    "audio/mp4": Container.MP4,
    "audio/m4a": Container.MP4,
    "audio/x-m4a": Container.MP4,
    "video/mp4": Container.MP4,
    "audio/flac": Container.FLAC,
    "audio/x-flac": Container.FLAC,
    "audio/aac": Container.AAC,
    "audio/webm": Container.WEBM,
}
_OPUS_RATE = 48_000  # Opus counts in 48 kHz samples, whatever was recorded (RFC 7845)
_MP3_LAYER = 0xE6  # of the second byte of an MPEG audio frame: sync, and layer III (ISO 11172-3)


@dataclass(frozen=True)
class Sound:
    """`seconds` and `channels` are 0 where the bytes do not tell."""

    container: Container
    seconds: float = 0
    channels: int = 0


def look_at(content: bytes, told_mime_type: str) -> Sound:
    """What these bytes are."""
    if content.startswith(b"OggS"):
        return _ogg(content)
    if content.startswith(b"ID3") or (content[:1] == b"\xff" and content[1:2] and _is_mp3(content[1])):
        return Sound(Container.MP3)
    if content.startswith(b"RIFF") and content[8:12] == b"WAVE":
        return Sound(Container.WAV)
    if content[4:8] == b"ftyp":
        return Sound(Container.MP4)
    if content.startswith(b"fLaC"):
        return Sound(Container.FLAC)
    if content.startswith(b"\x1aE\xdf\xa3"):
        return Sound(Container.WEBM)
    if content.startswith((b"\xff\xf1", b"\xff\xf9")):
        return Sound(Container.AAC)
    return Sound(_BY_MIME.get(told_mime_type.partition(";")[0].strip(), Container.UNKNOWN))


def _is_mp3(second: int) -> bool:
    return second & _MP3_LAYER == 0xE2


def _ogg(content: bytes) -> Sound:
    """Opus names itself in the first packet; the last page counts the samples (RFC 7845, RFC 3533)."""
    head = content.find(b"OpusHead", 0, 300)
    if head < 0:
        is_other = any(mark in content[:300] for mark in (b"\x01vorbis", b"\x7fFLAC", b"Speex"))
        return Sound(Container.OGG if is_other else Container.OGG_OPUS)
    channels = content[head + 9] if len(content) > head + 9 else 0
    last = content.rfind(b"OggS")
    place = content[last + 6 : last + 14]
    samples = struct.unpack("<q", place)[0] if len(place) == 8 else 0
    return Sound(Container.OGG_OPUS, max(samples, 0) / _OPUS_RATE, channels)
