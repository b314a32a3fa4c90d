"""What SpeechKit does not read (m4a, video notes), made OGG/Opus by ffmpeg where that is installed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from messaging.recordings import MOST_BYTES

# Seconds of work, and of sound: at 24 kbit/s the result stays below what may be uploaded.
CONVERT_SECONDS = 120.0
LONGEST_SOUND = 4 * 3600
# Telegram's kinds of files only, and from the disk only: a playlist must not open others.
_FORMATS = "mov,mp3,ogg,wav,flac,aac,matroska,amr"


class NoConverterError(Exception):
    """ffmpeg is not on PATH."""


class ConversionError(Exception):
    """ffmpeg could not make sound of it, or not in time."""


def to_opus(source: Path) -> bytes:
    """The file's first sound track as OGG/Opus, one channel. Raises NoConverterError, ConversionError."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise NoConverterError
    with tempfile.TemporaryDirectory(prefix="hub-voice-") as folder:
        result = Path(folder) / "voice.ogg"
        try:
            done = subprocess.run(  # noqa: S603  (no shell; both paths are our own)
                [program, *_arguments(source, result)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=CONVERT_SECONDS,
                cwd=folder,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ConversionError(f"ffmpeg needs more than {CONVERT_SECONDS:.0f} seconds") from None
        except OSError as error:
            raise ConversionError(f"ffmpeg cannot be started: {error.strerror}") from None
        if done.returncode != 0 or not result.is_file() or not result.stat().st_size:
            raise ConversionError(f"ffmpeg ended with {done.returncode}")
        return result.read_bytes()


def _arguments(source: Path, result: Path) -> list[str]:
    return [
        *("-nostdin", "-hide_banner", "-loglevel", "error"),
        *("-protocol_whitelist", "file", "-format_whitelist", _FORMATS, "-i", f"file:{source}"),
        *("-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"),
        *("-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "24k", "-application", "voip"),
        *("-t", str(LONGEST_SOUND), "-fs", str(MOST_BYTES), "-threads", "1", "-f", "ogg", f"file:{result}"),
    ]
