"""A recording's way from Telegram to words that are searched, understood and announced."""

from pathlib import Path

import pytest
from django.test import override_settings
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from bots.models import SpeechUsage
from bots.simulator import SimulatedTelegram, media
from bots.simulator.people_acting import wire
from bots.voice.queue import fetch_one, poll_one, recognise_short_one, submit_one
from messaging.models import Message, Recording
from tests.bots.voice.conftest import CHAT, fresh, make_due, receive, voice
from tests.bots.voice.speechkit_stub import LONG, OPERATION, RESULT, SHORT, SpeechKitStub

pytestmark = pytest.mark.django_db


def test_a_short_voice_message_is_fetched_recognised_and_understood(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, media: Path
) -> None:
    speechkit.words = "Половина роз пришла гнилая, верните деньги"
    recording = voice(telegram, seconds=3)
    assert (recording.state, recording.message.transcript_state) == ("waiting", "waiting")

    assert fetch_one()
    recording = fresh(recording)
    assert (recording.state, recording.api, recording.container) == ("recognising", "short", "ogg_opus")
    assert recording.message.transcript_state == "recognising"
    assert recording.seconds == 3
    stored = media / recording.file.name
    assert stored.name == f"{recording.message_id}.ogg"
    assert stored.read_bytes()[:4] == b"OggS"
    assert stored.stat().st_size == recording.size

    assert recognise_short_one()
    recording = fresh(recording)
    assert (recording.state, recording.written_by, recording.due_at) == ("done", "speech", None)
    assert recording.message.transcript_state == "done"
    assert recording.message.transcript == speechkit.words
    assert recording.message.analysis.intent == "complaint"
    assert Message.objects.search("гнилые розы").get().pk == recording.message_id
    assert recording.billed_seconds == 15
    assert SpeechUsage.objects.values_list("api", "recordings", "seconds").get() == ("short", 1, 15)
    [asked] = speechkit.requests
    assert asked.query == {"lang": ["ru-RU"], "format": ["oggopus"]}
    assert asked.headers["authorization"] == "Api-Key only-for-tests"
    assert asked.headers["x-client-request-id"] == str(recording.request_id)
    assert asked.audio == stored.read_bytes()
    assert not any([fetch_one(), recognise_short_one(), submit_one(), poll_one()])


def test_a_long_one_goes_by_the_asynchronous_api(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, media: Path
) -> None:
    speechkit.finished = False
    recording = voice(telegram, seconds=40)
    assert fetch_one()
    assert fresh(recording).api == "long"
    assert not recognise_short_one()

    assert submit_one()
    assert fresh(recording).operation_id == "operation-1"
    assert fresh(recording).billed_seconds == 40
    assert not poll_one()  # not yet due
    make_due()
    assert poll_one()
    assert fresh(recording).state == "recognising"
    speechkit.finished = True
    make_due()
    assert poll_one()

    recording = fresh(recording)
    assert (recording.state, recording.message.transcript) == ("done", "Нужна роза Эксплорер")
    assert [request.kind for request in speechkit.requests] == [LONG, OPERATION, OPERATION, RESULT]
    submitted = speechkit.asked(LONG)[0]
    assert submitted.audio == (media / recording.file.name).read_bytes()
    assert b'"OGG_OPUS"' in submitted.body
    assert b"folderId" not in submitted.body
    assert speechkit.asked(RESULT)[0].query == {"operation_id": ["operation-1"]}


@pytest.mark.parametrize(
    ("seconds", "length", "api"),
    [(25, 1_000_000, "short"), (26, 0, "long"), (25, 1_000_001, "long")],
)
def test_the_short_api_takes_25_seconds_and_one_megabyte(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, seconds: int, length: int, api: str
) -> None:
    content = media.silent_voice(seconds=seconds)
    # An Ogg page may be followed by others' bytes; what was counted stays the last page's.
    recording = voice(telegram, seconds=seconds, content=content.ljust(length, b"\0"))
    fetch_one()

    assert fresh(recording).api == api


def test_a_senders_word_for_the_length_is_not_believed(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = voice(telegram, seconds=1, content=media.silent_voice(seconds=60))
    fetch_one()

    assert (fresh(recording).api, fresh(recording).seconds) == ("long", 60)


def test_silence_is_empty(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    speechkit.words = ""
    recording = voice(telegram)
    fetch_one()
    recognise_short_one()

    recording = fresh(recording)
    assert (recording.state, recording.message.transcript_state) == ("empty", "empty")
    assert not hasattr(recording.message, "analysis")


def test_without_a_key_the_file_is_stored_and_the_state_says_so(
    telegram: SimulatedTelegram, settings: Settings, media: Path
) -> None:
    recording = voice(telegram)
    assert fetch_one()

    recording = fresh(recording)
    assert (recording.state, recording.message.transcript_state, recording.due_at) == ("off", "off", None)
    assert (media / recording.file.name).is_file()
    assert not any([recognise_short_one(), submit_one(), poll_one()])


def test_a_forwarded_voice_is_paid_once(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    update = telegram.sends_voice(CHAT)
    first = receive(telegram, update).recording
    facts = {"voice": update["message"]["voice"]}
    again = receive(telegram, telegram.client_writes(CHAT, **facts)).recording
    fetch_one()
    fetch_one()

    assert recognise_short_one()
    assert [fresh(each).state for each in (first, again)] == ["done", "recognising"]
    assert recognise_short_one()

    assert [fresh(each).message.transcript for each in (first, again)] == [speechkit.words] * 2
    assert len(speechkit.asked(SHORT)) == 1
    assert fresh(again).billed_seconds == 0


@override_settings(LANGUAGE_CODE="en")
def test_newest_first(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    recordings = [voice(telegram) for _ in range(3)]
    order = []
    while fetch_one():
        order.append(Recording.objects.filter(state="recognising").latest("downloaded_at").pk)

    assert order == [each.pk for each in reversed(recordings)]


def test_documents_that_are_sound_count_and_others_do_not(telegram: SimulatedTelegram) -> None:
    file = telegram.add_file(b"ID3" + bytes(100), path="documents/a.mp3")
    sound = {"document": file.facts() | {"mime_type": "audio/mpeg", "file_name": "../../etc/a.mp3"}}
    paper = {"document": file.facts() | {"mime_type": "application/pdf"}}

    heard = receive(telegram, telegram.client_writes(CHAT, **sound))
    read = receive(telegram, telegram.client_writes(CHAT, **paper))

    assert (heard.transcript_state, read.transcript_state) == ("waiting", "")
    assert Recording.objects.get().message_id == heard.pk
    fetch_one()
    assert Recording.objects.get().file.name == f"voice/{heard.pk // 1000:06}/{heard.pk}.mp3"


def test_a_file_that_an_edit_put_in_anothers_place_is_heard_anew(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = voice(telegram)
    fetch_one()
    recognise_short_one()
    other = telegram.add_file(media.silent_voice(seconds=5), path="voice/other.oga")
    number = recording.message.telegram_message_id
    assert number is not None

    receive(telegram, telegram.edits(CHAT, number, "подпись", **wire.voice_fields(other, seconds=5)))

    recording = fresh(recording)
    assert (recording.state, recording.message.transcript, recording.message.text) == (
        "waiting",
        "",
        "подпись",
    )
    assert recording.versions.get().text == "Нужна роза Эксплорер"
    speechkit.words = "Другие слова"
    fetch_one()
    recognise_short_one()
    assert fresh(recording).message.transcript == "Другие слова"


def test_a_caption_that_changes_leaves_the_words(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = voice(telegram)
    fetch_one()
    recognise_short_one()
    number = recording.message.telegram_message_id
    assert number is not None

    receive(telegram, telegram.edits(CHAT, number, "подпись"))

    message = fresh(recording).message
    assert (message.text, message.transcript, message.transcript_state) == (
        "подпись",
        speechkit.words,
        "done",
    )


def test_a_worker_is_told_of_what_comes(
    telegram: SimulatedTelegram,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    told: list[str] = []
    monkeypatch.setattr("bots.voice.nudging.nudge", lambda task: told.append(task.task))

    with django_capture_on_commit_callbacks(execute=True):
        voice(telegram)

    assert told == ["bots.voice.tasks.fetch_recordings", "bots.voice.tasks.recognise_recordings"]
