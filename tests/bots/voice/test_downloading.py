"""Files from the simulated Telegram: whole, in time, under our own names, or said why not."""

from pathlib import Path
from typing import IO

import pytest
from django.utils import timezone
from pytest_django import Settings

from bots.models import VoiceGate
from bots.simulator import SimulatedTelegram, answers, media, wire
from bots.simulator.media import silent_voice
from bots.voice import downloading
from bots.voice.claims import MOST_FAULTS
from bots.voice.queue import fetch_one
from messaging.models import Recording
from tests.bots.voice.conftest import CHAT, fresh, make_due, receive, voice

pytestmark = pytest.mark.django_db
MEGABYTE = 1024 * 1024


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_over_20_megabytes_nobody_asks(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram, size=20 * MEGABYTE + 1)

    assert (recording.state, recording.problem, recording.due_at) == ("too_big", "too_big", None)
    assert recording.message.transcript_state == "too_big"
    assert not fetch_one()
    assert telegram.requests == []


def test_exactly_20_megabytes_are_fetched(telegram: SimulatedTelegram, media: Path) -> None:
    content = b"OggS" + bytes(20 * MEGABYTE - 4)
    recording = voice(telegram, content=content)

    assert fetch_one()

    assert fresh(recording).state == "off"
    assert (media / fresh(recording).file.name).stat().st_size == 20 * MEGABYTE


def test_telegrams_own_refusal_is_too_big_as_well(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram)
    telegram.script("getFile", [answers.refuse(400, "Bad Request: file is too big")])

    assert fetch_one()

    assert (fresh(recording).state, fresh(recording).message.transcript_state) == ("too_big", "too_big")


def test_more_than_was_announced_is_not_stored(
    telegram: SimulatedTelegram, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.voice.downloading.MOST_BYTES", 1000)
    recording = voice(telegram, content=b"OggS" + bytes(2000))

    assert fetch_one()

    assert fresh(recording).state == "too_big"
    assert files(media) == []


def test_a_file_that_telegram_does_not_have(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram)
    gone = "Bad Request: wrong file_id or the file is temporarily unavailable"
    telegram.script("getFile", [answers.refuse(400, gone)] * MOST_FAULTS)

    for _ in range(MOST_FAULTS):
        assert fresh(recording).state == "waiting"
        assert fetch_one()
        make_due()

    recording = fresh(recording)
    assert (recording.state, recording.problem) == ("failed", "not_there")
    assert recording.error == f"TelegramBadRequest: {gone}"


def test_a_file_that_is_unavailable_for_a_moment(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram)
    gone = "Bad Request: wrong file_id or the file is temporarily unavailable"
    telegram.script("getFile", [answers.refuse(400, gone)])

    assert fetch_one()
    make_due()
    assert fetch_one()

    assert fresh(recording).file


@pytest.mark.parametrize("answer", [answers.garbage(b"Ogg", status=404), answers.garbage(b"OggS")])
def test_half_a_file_is_fetched_again_and_never_stored(
    telegram: SimulatedTelegram, media: Path, answer: answers.Answer
) -> None:
    recording = voice(telegram)
    telegram.script("download", [answer])

    assert fetch_one()
    assert (fresh(recording).state, fresh(recording).faults) == ("waiting", 1)
    assert files(media) == []
    assert not VoiceGate.objects.exists()
    assert not fetch_one()
    make_due()
    assert fetch_one()
    assert fresh(recording).state == "off"


def test_after_some_tries_a_person_decides(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram)
    telegram.script("download", [answers.garbage(b"OggS")] * MOST_FAULTS)

    for _ in range(MOST_FAULTS):
        assert fetch_one()
        make_due()

    assert (fresh(recording).state, fresh(recording).problem) == ("failed", "damaged")
    assert not fetch_one()


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("getFile", answers.server_error()),
        ("getFile", answers.bad_gateway()),
        ("getFile", answers.disconnect()),
        ("getFile", answers.garbage()),
        ("getFile", answers.too_many_requests(7)),
        ("download", answers.bad_gateway()),
        ("download", answers.garbage(b"", status=429)),
    ],
)
def test_a_telegram_that_fails_delays(
    telegram: SimulatedTelegram, method: str, answer: answers.Answer
) -> None:
    recording = voice(telegram)
    telegram.script(method, [answer])

    assert not fetch_one()
    recording = fresh(recording)
    assert (recording.state, recording.message.transcript_state) == ("waiting", "waiting")
    assert recording.faults == 0
    assert telegram.token not in recording.error + VoiceGate.objects.get().error
    assert VoiceGate.objects.get().failures == 1
    make_due()
    assert fetch_one()
    assert fresh(recording).state == "off"
    assert VoiceGate.objects.get().failures == 0


def test_a_dripping_download_is_over_in_time(
    telegram: SimulatedTelegram, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.voice.downloading.DOWNLOAD_SECONDS", 0.5)
    recording = voice(telegram)
    telegram.script("download", [answers.hang()])

    assert not fetch_one()

    assert fresh(recording).error == "Telegram's file cannot be fetched: TimeoutError"
    assert files(media) == []


def test_a_refused_token_costs_the_recording_nothing(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram)
    telegram.revoke_token()

    assert not fetch_one()

    recording = fresh(recording)
    assert (recording.state, recording.faults) == ("waiting", 0)
    assert "Telegram refused the bot token" in VoiceGate.objects.get().error


def test_what_another_bot_received_is_left_to_it(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram)
    Recording.objects.update(bot_id=1)

    assert not fetch_one()

    assert fresh(recording).state == "waiting"


def test_a_full_disk_delays(telegram: SimulatedTelegram, media: Path) -> None:
    recording = voice(telegram)
    media.parent.mkdir(exist_ok=True)
    media.write_text("no folder")

    assert not fetch_one()

    assert fresh(recording).state == "waiting"
    assert VoiceGate.objects.get().error.startswith("The file cannot be stored: ")


CONTENTS = {
    "opus": (media.silent_voice(seconds=2), "audio/ogg", "ogg_opus"),
    "opus that says mp3": (media.silent_voice(seconds=2), "audio/mpeg", "ogg_opus"),
    "vorbis": (b"OggS" + bytes(24) + b"\x01vorbis" + bytes(50), "audio/ogg", "ogg"),
    "mp3 with a tag": (b"ID3\x04" + bytes(50), "audio/ogg", "mp3"),
    "mp3": (b"\xff\xfb\x90\x00" + bytes(50), "", "mp3"),
    "aac": (b"\xff\xf1\x50\x80" + bytes(50), "", "aac"),
    "m4a": (b"\0\0\0\x20ftypM4A " + bytes(50), "audio/ogg", "mp4"),
    "wav": (b"RIFF\0\0\0\0WAVEfmt " + bytes(50), "", "wav"),
    "flac": (b"fLaC" + bytes(50), "", "flac"),
    "webm": (b"\x1aE\xdf\xa3" + bytes(50), "", "webm"),
    "by Telegram's word": (b"????", "audio/mpeg; x=y", "mp3"),
    "unknown": (b"<html>", "text/html", "unknown"),
}


@pytest.mark.parametrize(("content", "mime_type", "container"), CONTENTS.values(), ids=CONTENTS)
def test_a_file_is_known_by_its_bytes(
    telegram: SimulatedTelegram, content: bytes, mime_type: str, container: str
) -> None:
    recording = voice(telegram, content=content, mime_type=mime_type)

    assert fetch_one()

    assert fresh(recording).container == container


def test_the_newest_file_of_a_message_replaces_the_one_before(
    telegram: SimulatedTelegram, media: Path
) -> None:
    recording = voice(telegram)
    fetch_one()
    before = media / fresh(recording).file.name
    Recording.objects.update(state="waiting", due_at="2026-01-01T00:00:00Z")
    telegram.state.files[recording.file_id].content = b"ID3"
    telegram.state.files[recording.file_id].size = 3

    assert fetch_one()

    assert files(media) == [str(before.with_suffix(".mp3").relative_to(media))]


def test_a_file_that_comes_late_does_not_lie_in_a_newer_ones_place(
    telegram: SimulatedTelegram, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = voice(telegram)
    content = silent_voice(seconds=5)
    other = telegram.add_file(content, path="voice/other.oga")
    in_time = downloading._fetch

    def late(path: str, part: IO[bytes]) -> int:
        size = in_time(path, part)
        monkeypatch.setattr(downloading, "_fetch", in_time)
        number = recording.message.telegram_message_id or 0
        receive(telegram, telegram.edits(CHAT, number, "", **wire.voice_fields(other, seconds=5)))
        assert fetch_one()
        return size

    monkeypatch.setattr(downloading, "_fetch", late)

    assert fetch_one()

    recording = fresh(recording)
    assert (recording.file_id, recording.size) == (other.file_id, len(content))
    assert (media / recording.file.name).read_bytes() == content
    assert files(media) == [recording.file.name]


@pytest.mark.parametrize("seconds", [86_400, 10**12])
def test_nobody_makes_the_hub_wait_for_a_day(telegram: SimulatedTelegram, seconds: int) -> None:
    voice(telegram)
    telegram.script("getFile", [answers.too_many_requests(seconds)])

    assert not fetch_one()

    until = VoiceGate.objects.get().until
    assert until is not None
    assert 3500 < (until - timezone.now()).total_seconds() <= 3600


def test_without_a_token_nothing_is_asked(telegram: SimulatedTelegram, settings: Settings) -> None:
    voice(telegram)
    settings.TELEGRAM_BOT_TOKEN = ""

    assert not fetch_one()
    assert CHAT not in [call.params.get("chat_id") for call in telegram.requests]
