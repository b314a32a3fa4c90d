"""The sweep: keys that come and go, what was missed, what nobody can fetch, what is old."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from bots.simulator import SimulatedTelegram
from bots.voice import upkeep
from bots.voice.queue import fetch_one, recognise_short_one, submit_one
from bots.voice.tasks import tend_recordings
from messaging.models import Message, Recording
from tests.bots.voice.conftest import fresh, make_due, voice
from tests.bots.voice.speechkit_stub import SpeechKitStub

pytestmark = pytest.mark.django_db


def said(recording: Recording, **ago: float) -> None:
    Message.objects.filter(pk=recording.message_id).update(timestamp=timezone.now() - timedelta(**ago))


def states(*recordings: Recording) -> list[tuple[str, str]]:
    return [(fresh(each).state, fresh(each).message.transcript_state) for each in recordings]


def test_when_the_key_comes_the_backlog_is_done_as_far_back_as_the_setting_says(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, settings: Settings
) -> None:
    settings.YANDEX_STT_ENABLED = False
    new, old = voice(telegram), voice(telegram)
    while fetch_one():
        pass
    said(new, days=6, hours=23)
    said(old, days=7, hours=1)
    assert upkeep.follow_the_key() == 0
    assert states(new, old) == [("off", "off")] * 2

    settings.YANDEX_STT_ENABLED = True
    assert upkeep.follow_the_key() == 1

    assert states(new, old) == [("recognising", "recognising"), ("off", "off")]
    assert recognise_short_one()
    assert not recognise_short_one()
    settings.VOICE_BACKLOG_DAYS = 8
    assert upkeep.follow_the_key() == 1
    assert recognise_short_one()
    assert states(new, old) == [("done", "done")] * 2


def test_when_the_key_goes_what_waits_says_so(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, settings: Settings
) -> None:
    waiting, held, paid = voice(telegram), voice(telegram), voice(telegram)
    while fetch_one():
        pass
    Recording.objects.filter(pk=held.pk).update(due_at=timezone.now() + timedelta(minutes=2))
    Recording.objects.filter(pk=paid.pk).update(operation_id="operation-1")
    settings.YANDEX_STT_ENABLED = False

    assert upkeep.follow_the_key() == 1

    assert [state for state, _ in states(waiting, held, paid)] == ["off", "recognising", "recognising"]


def test_a_file_that_is_gone_is_fetched_again_when_the_key_comes(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = voice(telegram)
    Recording.objects.update(state="off", due_at=None)

    upkeep.follow_the_key()

    assert states(recording) == [("waiting", "waiting")]


def test_messages_stored_without_a_recording_get_one(telegram: SimulatedTelegram) -> None:
    recording, other = voice(telegram), voice(telegram)
    Recording.objects.all().delete()
    Message.objects.update(transcript_state="")
    Message.objects.filter(pk=other.message_id).update(created_at=timezone.now() - timedelta(hours=25))

    assert upkeep.note_missed() == 1
    assert upkeep.note_missed() == 0

    made = Recording.objects.get()
    assert (made.message_id, made.state, made.bot_id) == (recording.message_id, "waiting", telegram.bot["id"])
    assert made.message.transcript_state == "waiting"
    assert fetch_one()


def test_imported_messages_have_no_file_to_fetch(telegram: SimulatedTelegram) -> None:
    voice(telegram)
    Recording.objects.all().delete()
    Message.objects.update(source="import")

    assert upkeep.note_missed() == 0


def test_what_only_another_bot_could_fetch_is_given_up_after_three_days(telegram: SimulatedTelegram) -> None:
    recording, young = voice(telegram), voice(telegram)
    Recording.objects.update(bot_id=1)
    Recording.objects.filter(pk=recording.pk).update(queued_at=timezone.now() - timedelta(days=3, hours=1))

    assert upkeep.give_up_unfetched() == 1

    assert states(recording, young) == [("failed", "failed"), ("waiting", "waiting")]
    assert fresh(recording).problem == "not_fetched"


def test_without_a_key_results_that_nobody_asked_for_in_time_are_said_to_be_gone(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, settings: Settings
) -> None:
    old, young = voice(telegram, seconds=40), voice(telegram, seconds=40)
    while fetch_one() or submit_one():
        pass
    Recording.objects.filter(pk=old.pk).update(submitted_at=timezone.now() - timedelta(days=3, hours=1))
    make_due()
    assert upkeep.give_up_unasked() == 0

    settings.YANDEX_CLOUD_API_KEY = ""

    assert upkeep.give_up_unasked() == 1
    assert states(old, young) == [("failed", "failed"), ("recognising", "recognising")]
    assert fresh(old).problem == "expired"


def test_files_are_kept_for_ever_unless_a_setting_says_otherwise(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, settings: Settings, media: Path
) -> None:
    old, young = voice(telegram), voice(telegram)
    while fetch_one() or recognise_short_one():
        pass
    said(old, days=31)
    said(young, days=29)
    assert upkeep.delete_old_files() == 0

    settings.VOICE_KEEP_DAYS = 30
    place = media / fresh(old).file.name
    assert place.is_file()
    assert upkeep.delete_old_files() == 1
    assert upkeep.delete_old_files() == 0

    gone = fresh(old)
    assert not place.exists()
    assert (gone.file.name, gone.state, gone.message.transcript) == ("", "done", speechkit.words)
    assert gone.file_deleted_at is not None
    assert (media / fresh(young).file.name).is_file()


def test_what_is_still_being_recognised_keeps_its_file(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, settings: Settings
) -> None:
    recording = voice(telegram)
    fetch_one()
    said(recording, days=31)
    settings.VOICE_KEEP_DAYS = 30

    assert upkeep.delete_old_files() == 0


def test_a_crash_between_file_and_row_is_mended_by_the_next_sweep(
    telegram: SimulatedTelegram, settings: Settings, media: Path
) -> None:
    recording = voice(telegram)
    fetch_one()
    said(recording, days=31)
    settings.VOICE_KEEP_DAYS = 30
    (media / fresh(recording).file.name).unlink()

    assert upkeep.delete_old_files() == 1


def test_parts_of_killed_downloads_are_deleted_after_a_day(media: Path) -> None:
    folder = media / "voice" / "000000"
    folder.mkdir(parents=True)
    old, new = folder / "a.part", folder / "b.part"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 90_000,) * 2)

    assert upkeep.delete_parts() == 1

    assert (old.exists(), new.exists()) == (False, True)


def test_the_sweep_does_all_of_it(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub, settings: Settings
) -> None:
    settings.YANDEX_STT_ENABLED = False
    recording = voice(telegram)
    fetch_one()
    settings.YANDEX_STT_ENABLED = True

    tend_recordings()
    make_due()
    assert recognise_short_one()

    assert states(recording) == [("done", "done")]
