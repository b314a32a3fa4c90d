"""Tiny real files for the simulated chats: a picture of one pixel, a voice message of silence."""

import base64
import struct

PHOTO = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////"
    "////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
)

_SERIAL = 0x0F10
_OPUS_RATE = 48_000  # Opus counts in 48 kHz samples, whatever was recorded (RFC 7845)
_SILENT_FRAME = b"\xf8\xff\xfe"  # 20 ms of mono silence
_FRAMES_PER_SECOND = 50
_FIRST, _LAST = 0x02, 0x04


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return table


_CRC = _crc_table()


def _page(number: int, flags: int, granule: int, packets: list[bytes]) -> bytes:
    """One Ogg page (RFC 3533) of packets shorter than 255 bytes."""
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, _SERIAL, number, 0)
    body = bytes([len(packets), *map(len, packets)]) + b"".join(packets)
    checksum = 0
    for byte in head + body:
        checksum = ((checksum << 8) & 0xFFFFFFFF) ^ _CRC[(checksum >> 24) ^ byte]
    return head[:22] + struct.pack("<I", checksum) + head[26:] + body


def silent_voice(*, seconds: int) -> bytes:
    """An OGG/Opus file as Telegram's voice messages are, with nothing to hear."""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 0, _OPUS_RATE, 0, 0)
    tags = struct.pack("<8sI4sI", b"OpusTags", 4, b"demo", 0)
    pages = [_page(0, _FIRST, 0, [head]), _page(1, 0, 0, [tags])]
    for second in range(1, max(1, seconds) + 1):
        flags = _LAST if second == max(1, seconds) else 0
        frames = [_SILENT_FRAME] * _FRAMES_PER_SECOND
        pages.append(_page(second + 1, flags, second * _OPUS_RATE, frames))
    return b"".join(pages)
