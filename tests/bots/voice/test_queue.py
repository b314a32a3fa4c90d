"""Recognition that is refused, fails, takes long, is away for an hour; and what costs money once."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from bots.models import SpeechUsage, VoiceGate
from bots.simulator import SimulatedTelegram, media
from bots.voice import recognising, transcribing, usage
from bots.voice.claims import MOST_FAULTS, Claim
from bots.voice.decisions import write_transcript
from bots.voice.queue import fetch_one, poll_one, recognise_short_one, submit_one
from bots.voice.transcribing import LONGEST_TRANSCRIPT
from messaging.models import Message, Recording
from tests.bots.voice.conftest import fresh, make_due, voice
from tests.bots.voice.speechkit_stub import (
    LONG,
    OPERATION,
    RESULT,
    SHORT,
    Answer,
    SpeechKitStub,
    final,
    lines,
)

pytestmark = pytest.mark.django_db


def fetched(telegram: SimulatedTelegram, seconds: int = 3, **fields: Any) -> Recording:
    recording = voice(telegram, seconds=seconds, **fields)
    assert fetch_one()
    return fresh(recording)


def submitted(telegram: SimulatedTelegram) -> Recording:
    recording = fetched(telegram, seconds=40)
    assert submit_one()
    make_due()
    return fresh(recording)


def age(recording: Recording, **since: float) -> None:
    """So long ago it was queued, and submitted."""
    moment = timezone.now() - timedelta(**since)
    rows = Recording.objects.filter(pk=recording.pk)
    rows.update(queued_at=moment)
    rows.filter(submitted_at__isnull=False).update(submitted_at=moment)


# --- this recording's own trouble ---------------------------------------------------------------
def test_what_speechkit_refuses_is_final(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    recording = fetched(telegram, seconds=40)
    speechkit.scripts[LONG] = [Answer(status=400, body=b'{"error_message": "bad audio"}')]

    assert submit_one()

    recording = fresh(recording)
    assert (recording.state, recording.problem) == ("failed", "refused")
    assert recording.error == "SpeechKit answers 400: bad audio"
    assert recording.message.transcript_state == "failed"
    assert not VoiceGate.objects.exists()
    assert not SpeechUsage.objects.exists()
    make_due()
    assert not submit_one()


def test_what_the_short_api_refuses_the_long_one_may_take(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = fetched(telegram)
    speechkit.scripts[SHORT] = [Answer(status=400, body=b'{"error_message": "too long"}')]

    assert recognise_short_one()
    assert (fresh(recording).state, fresh(recording).api) == ("recognising", "long")
    assert not SpeechUsage.objects.exists()
    assert not recognise_short_one()
    assert submit_one()
    make_due()
    assert poll_one()

    assert fresh(recording).message.transcript == speechkit.words
    assert SpeechUsage.objects.get().api == "long"


def test_nonsense_is_asked_again_and_then_given_up(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = fetched(telegram)
    speechkit.scripts[SHORT] = [Answer(body=b"nonsense")] * MOST_FAULTS

    for _ in range(MOST_FAULTS):
        assert fresh(recording).state == "recognising"
        assert recognise_short_one()
        make_due()

    assert (fresh(recording).state, fresh(recording).problem) == ("failed", "answers")


def test_a_result_that_breaks_off_is_fetched_again_and_not_paid_again(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = submitted(telegram)
    speechkit.scripts[RESULT] = [Answer(body=b'{"result": {"fin')]

    assert poll_one()
    make_due()
    assert poll_one()

    assert fresh(recording).message.transcript == speechkit.words
    assert len(speechkit.asked(LONG)) == 1


def test_an_operation_that_speechkit_broke_off_begins_anew(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = submitted(telegram)
    speechkit.scripts[OPERATION] = [Answer(body=b'{"done": true, "error": {"code": 13}}')]

    assert poll_one()
    assert (fresh(recording).state, fresh(recording).operation_id) == ("recognising", "")
    make_due()
    assert submit_one()
    make_due()
    assert poll_one()

    assert (fresh(recording).state, fresh(recording).operation_id) == ("done", "operation-2")


def test_an_operation_that_refuses_is_final(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    recording = submitted(telegram)
    speechkit.scripts[OPERATION] = [Answer(body=b'{"done": true, "error": {"code": 3, "message": "bad"}}')]

    assert poll_one()

    assert (fresh(recording).state, fresh(recording).problem) == ("failed", "refused")


@pytest.mark.parametrize(
    ("hours", "state", "problem"),
    [(23, "recognising", ""), (25, "failed", "unfinished"), (73, "failed", "expired")],
)
def test_an_operation_is_waited_for_a_day(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, hours: int, state: str, problem: str
) -> None:
    recording = submitted(telegram)
    speechkit.finished = False
    age(recording, hours=hours)

    assert poll_one()

    assert (fresh(recording).state, fresh(recording).problem) == (state, problem)
    assert len(speechkit.asked(OPERATION)) == (0 if hours > 72 else 1)


def test_a_hub_that_was_away_for_two_days_still_takes_the_result(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = submitted(telegram)
    age(recording, hours=50)

    assert poll_one()

    assert fresh(recording).message.transcript == speechkit.words


def test_a_result_that_is_gone_is_said(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    recording = submitted(telegram)
    speechkit.scripts[RESULT] = [Answer(status=404)] * MOST_FAULTS

    for _ in range(MOST_FAULTS):
        assert fresh(recording).state == "recognising"
        assert poll_one()
        make_due()

    assert (fresh(recording).state, fresh(recording).problem) == ("failed", "expired")
    assert len(speechkit.asked(LONG)) == 1


def test_an_operation_that_is_not_known_yet_is_asked_for_again(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = submitted(telegram)
    speechkit.scripts[OPERATION] = [Answer(status=404)]

    assert poll_one()
    make_due()
    assert poll_one()

    assert fresh(recording).message.transcript == speechkit.words
    assert len(speechkit.asked(LONG)) == 1


def test_questions_about_an_operation_come_ever_more_slowly(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = submitted(telegram)
    speechkit.finished = False
    pauses = []
    for seconds in (0, 100, 1000):
        age(recording, seconds=seconds)
        make_due()
        assert poll_one()
        due = fresh(recording).due_at
        assert due is not None
        pauses.append(round((due - timezone.now()).total_seconds()))

    assert pauses == [5, 25, 60]


def test_a_file_that_is_gone_from_the_disk(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, media: Path
) -> None:
    recording = fetched(telegram)
    (media / recording.file.name).unlink()

    assert recognise_short_one()

    recording = fresh(recording)
    assert (recording.state, recording.problem, recording.file.name) == ("failed", "lost", "")
    assert speechkit.requests == []


# --- the neighbour's ----------------------------------------------------------------------------
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_the_queue_and_costs_nothing(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, settings: Settings, status: int
) -> None:
    recordings = [fetched(telegram) for _ in range(3)]
    speechkit.scripts[SHORT] = [Answer(status=status)]

    assert not recognise_short_one()
    assert not recognise_short_one()

    assert len(speechkit.requests) == 1
    gate = VoiceGate.objects.get()
    assert (gate.name, gate.error) == ("short", f"SpeechKit answers {status}")
    assert gate.refused_key
    assert settings.YANDEX_CLOUD_API_KEY not in gate.refused_key
    assert {fresh(each).state for each in recordings} == {"recognising"}

    settings.YANDEX_CLOUD_API_KEY = "another"
    assert recognise_short_one()
    assert not VoiceGate.objects.filter(failures__gt=0).exists()
    while recognise_short_one():
        pass
    assert {fresh(each).state for each in recordings} == {"done"}
    assert len(speechkit.requests) == 4


def test_too_many_requests_wait_as_long_as_they_are_told(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = fetched(telegram)
    speechkit.scripts[SHORT] = [Answer(status=429, headers={"Retry-After": "600"})]

    assert not recognise_short_one()

    until = VoiceGate.objects.get().until
    assert until is not None
    assert 590 < (until - timezone.now()).total_seconds() <= 600
    make_due()
    assert recognise_short_one()
    assert fresh(recording).state == "done"


def test_too_many_long_ones_do_not_hold_back_the_short_ones(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    fetched(telegram, seconds=40)
    short = fetched(telegram)
    speechkit.scripts[LONG] = [Answer(status=429)]

    assert not submit_one()
    assert recognise_short_one()

    assert fresh(short).state == "done"


def test_an_hour_away_then_everything_once_newest_first_and_without_a_stampede(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recordings = [fetched(telegram) for _ in range(12)]
    speechkit.is_away = True
    hour, asked = timedelta(hours=1), 0
    gone = timedelta()
    while gone < hour:  # time passes by moving what is due towards now
        recognise_short_one()
        assert not recognise_short_one()  # nobody asks twice while it is away
        gate = VoiceGate.objects.get()
        assert gate.until is not None
        pause = max(gate.until - timezone.now(), timedelta())
        gone += pause
        VoiceGate.objects.update(until=F("until") - pause)
        Recording.objects.update(due_at=F("due_at") - pause)
    asked = len(speechkit.requests)
    assert 12 <= asked <= 25
    assert {fresh(each).state for each in recordings} == {"recognising"}

    speechkit.is_away = False
    make_due()
    order: list[int] = []
    while recognise_short_one():
        order.append(Recording.objects.exclude(pk__in=order).get(state="done").pk)

    assert order == [each.pk for each in reversed(recordings)]
    assert len(speechkit.requests) == asked + 12
    assert SpeechUsage.objects.get().recordings == 12


def test_one_that_always_breaks_speechkit_holds_back_nobody(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    good = fetched(telegram)
    bad = fetched(telegram, seconds=4)
    speechkit.scripts[SHORT] = [Answer(status=500)]

    assert not recognise_short_one()
    VoiceGate.objects.update(until="2026-01-01T00:00:00Z")
    assert recognise_short_one()

    assert (fresh(good).state, fresh(bad).state) == ("done", "recognising")


def test_whoever_had_nothing_to_ask_after_an_outage_keeps_nobody_waiting(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = fetched(telegram, seconds=40)
    speechkit.scripts[LONG] = [Answer(status=503)]
    assert not submit_one()
    for _ in range(2):
        fetched(telegram, content=M4A, mime_type="audio/mp4")
    monkeypatch.setenv("PATH", str(tmp_path))
    make_due()

    assert [submit_one() for _ in range(4)] == [True, True, True, False]

    assert fresh(good).operation_id == "operation-2"
    assert VoiceGate.objects.get(name="long").failures == 0


def test_our_own_fault_holds_back_nobody_and_is_not_paid_for_for_ever(
    telegram: SimulatedTelegram,
    speechkit: SpeechKitStub,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = fetched(telegram)
    bad = fetched(telegram, seconds=4)

    def break_on_the_bad_one(claim: Claim, words: str) -> bool:
        if claim.recording.pk == bad.pk:
            raise ValueError("secret words")
        return transcribing.take_words(claim, words)

    monkeypatch.setattr(recognising, "take_words", break_on_the_bad_one)

    assert [recognise_short_one() for _ in range(3)] == [True, True, False]
    assert fresh(good).state == "done"
    for _ in range(MOST_FAULTS - 1):
        assert fresh(bad).state == "recognising"
        make_due()
        assert recognise_short_one()

    bad = fresh(bad)
    assert (bad.state, bad.problem, bad.error) == ("failed", "broken", "ValueError")
    assert f"recording failed recording={bad.pk} gate=short" in caplog.messages
    make_due()
    assert not recognise_short_one()


def test_after_three_days_away_a_person_decides(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = fetched(telegram)
    speechkit.is_away = True
    age(recording, days=3, minutes=1)

    assert not recognise_short_one()

    assert (fresh(recording).state, fresh(recording).problem) == ("failed", "unreachable")


def test_a_key_that_is_refused_for_long_loses_nothing(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = fetched(telegram)
    speechkit.scripts[SHORT] = [Answer(status=403)]
    age(recording, days=30)

    assert not recognise_short_one()

    assert fresh(recording).state == "recognising"


# --- who has the last word ----------------------------------------------------------------------
def test_a_persons_words_win_over_what_is_recognised_meanwhile(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, admin_user: User
) -> None:
    recording = fetched(telegram)
    words = "Так сказал человек"

    def write() -> None:
        write_transcript(recording_id=recording.pk, words=words, writer=admin_user, version=0)

    before = recognising.take_words

    def take_words(*args: Any, **options: Any) -> bool:
        write()
        return before(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recognising, "take_words", take_words)
        recognise_short_one()

    recording = fresh(recording)
    assert (recording.message.transcript, recording.written_by) == (words, "person")
    assert recording.versions.count() == 0
    make_due()
    assert not recognise_short_one()


def test_a_transcript_beyond_all_measure_holds_back_nobody(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = submitted(telegram)
    words = " ".join(f"слово{number}" for number in range(300_000))
    speechkit.scripts[RESULT] = [Answer(body=lines(final(words)))]

    assert poll_one()

    assert fresh(recording).state == "done"
    heard = fresh(recording).message.transcript
    assert (words.startswith(heard), len(heard)) == (True, LONGEST_TRANSCRIPT)


def test_a_person_corrects_an_hour_of_speech_to_its_end(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, admin_user: User
) -> None:
    words = "слово " * 10_000 + "конец"

    write_transcript(recording_id=fetched(telegram).pk, words=words, writer=admin_user, version=0)

    assert Message.objects.get().transcript == words


def test_a_classifier_that_breaks_does_not_cost_the_words(
    telegram: SimulatedTelegram,
    speechkit: SpeechKitStub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = fetched(telegram)

    def broken(_messages: list[Message]) -> None:
        raise ValueError("rule")

    monkeypatch.setattr(transcribing, "classify_by_patterns", broken)
    recognise_short_one()

    assert fresh(recording).message.transcript == speechkit.words


def test_the_feed_hears_of_a_transcript_once(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    recording = voice(telegram)
    stored = fresh(recording).message.changed_xid
    Message.objects.update(changed_xid=1)
    assert stored > 1
    fetch_one()
    assert fresh(recording).message.changed_xid == 1  # a state alone is no news
    recognise_short_one()

    assert fresh(recording).message.changed_xid > 1


# --- what it costs ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("api", "seconds", "billed"),
    [("short", 0, 15), ("short", 15, 15), ("short", 15.1, 30), ("long", 3, 15), ("long", 61.2, 62)],
)
def test_seconds_are_counted_as_speechkit_counts_them(api: str, seconds: float, billed: int) -> None:
    assert usage.billed_seconds(Recording.Api(api), seconds) == billed


def test_use_is_added_up_by_day(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    for seconds in (3, 20, 40):
        fetched(telegram, seconds)
    while recognise_short_one() or submit_one():
        pass

    assert sorted(SpeechUsage.objects.values_list("api", "recordings", "seconds")) == [
        ("long", 1, 40),
        ("short", 2, 45),
    ]
    assert usage.seconds_since(1) == 85
    SpeechUsage.objects.update(day=timezone.localdate() - timedelta(days=7))
    assert (usage.seconds_since(7), usage.seconds_since(8)) == (0, 85)


# --- other formats ------------------------------------------------------------------------------
def ffmpeg(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A program of this name, alone on PATH."""
    program = folder / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    return program


M4A = b"\0\0\0\x20ftypM4A " + bytes(200)


def test_mp3_goes_as_it_is(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    content = b"ID3\x04" + bytes(100)
    recording = fetched(telegram, content=content, mime_type="audio/mpeg")
    assert recording.api == "long"

    assert submit_one()

    [asked] = speechkit.asked(LONG)
    assert asked.audio == content
    model = json.loads(asked.body)["recognitionModel"]
    assert model["audioFormat"] == {"containerAudio": {"containerAudioType": "MP3"}}
    assert model["languageRestriction"] == {"restrictionType": "WHITELIST", "languageCode": ["ru-RU"]}
    assert model["textNormalization"]["textNormalization"] == "TEXT_NORMALIZATION_ENABLED"


def test_other_formats_without_ffmpeg_are_said(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    recording = fetched(telegram, content=M4A, mime_type="audio/mp4")

    assert submit_one()

    assert (fresh(recording).state, fresh(recording).problem) == ("failed", "no_ffmpeg")
    assert speechkit.requests == []


def test_other_formats_go_through_ffmpeg(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = tmp_path / "arguments"
    script = f'printf "%s\\n" "$@" > {said}; for last; do :; done; printf OggS-made > "${{last#file:}}"'
    ffmpeg(tmp_path, monkeypatch, script)
    recording = fetched(telegram, content=M4A, mime_type="audio/mp4")

    assert submit_one()

    [asked] = speechkit.asked(LONG)
    assert asked.audio == b"OggS-made"
    assert b'"OGG_OPUS"' in asked.body
    arguments = said.read_text().split("\n")
    assert f"file:{tmp_path / 'media' / recording.file.name}" in arguments
    assert arguments[arguments.index("-protocol_whitelist") + 1] == "file"
    assert not Path(arguments[-2].removeprefix("file:")).parent.exists()
    make_due()
    assert poll_one()
    assert fresh(recording).state == "done"


@pytest.mark.parametrize(("script", "error"), [("exit 3", "ended with 3"), ("exit 0", "ended with 0")])
def test_what_ffmpeg_cannot_read_is_said(
    telegram: SimulatedTelegram,
    speechkit: SpeechKitStub,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    script: str,
    error: str,
) -> None:
    ffmpeg(tmp_path, monkeypatch, script)
    recording = fetched(telegram, content=M4A)

    assert submit_one()

    recording = fresh(recording)
    assert (recording.state, recording.problem) == ("failed", "conversion")
    assert error in recording.error
    assert speechkit.requests == []


def test_an_ffmpeg_that_does_not_end_is_ended(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bots.voice.converting.CONVERT_SECONDS", 0.2)
    ffmpeg(tmp_path, monkeypatch, "exec sleep 60")
    recording = fetched(telegram, content=M4A)

    assert submit_one()

    assert fresh(recording).problem == "conversion"


def test_an_operation_is_written_down_in_spite_of_a_database_that_blinks(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    recording = fetched(telegram, seconds=40)
    before, failures = recognising.write_held, [OperationalError("connection lost")]

    def write_held(*args: Any) -> bool:
        if failures:
            raise failures.pop()
        return before(*args)

    monkeypatch.setattr(recognising, "write_held", write_held)
    monkeypatch.setattr(recognising, "DATABASE_PAUSES", (0, None))
    monkeypatch.setattr(recognising.connection, "close", lambda: None)  # the test's own transaction

    assert submit_one()

    assert fresh(recording).operation_id == "operation-1"
    assert len(speechkit.asked(LONG)) == 1


def test_silence_of_many_pieces_is_empty(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> None:
    recording = submitted(telegram)
    speechkit.scripts[RESULT] = [Answer(body=lines({"result": {"final": {"alternatives": []}}}))]

    assert poll_one()

    assert (fresh(recording).state, fresh(recording).message.transcript) == ("empty", "")


def test_the_waiting_twin_is_not_sent_while_the_first_is_on_its_way(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    content = media.silent_voice(seconds=40)
    first, second = fetched(telegram, content=content), fetched(telegram, content=content)
    Recording.objects.update(file_unique_id="same")

    assert submit_one()
    make_due()
    assert not submit_one()
    assert poll_one()
    assert submit_one()

    assert (fresh(first).state, fresh(second).state) == ("done", "done")
    assert len(speechkit.asked(LONG)) == 1
