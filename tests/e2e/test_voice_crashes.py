"""A worker is killed amid each step of a recording; what was asked is counted at the other end."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import signature
from django.db import connection
from django.test import override_settings

from bots.models import SpeechUsage, VoiceGate
from bots.simulator import SimulatedTelegram, answers
from bots.voice import queue
from bots.voice.nudging import FETCH, RECOGNISE
from messaging.models import Message, Recording
from tests.bots.voice.conftest import CHAT, fresh, make_due, receive
from tests.bots.voice.speechkit_stub import LONG, OPERATION, RESULT, SHORT, Answer, SpeechKitStub
from tests.e2e.database import locked
from tests.e2e.faults import Faults
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]


@pytest.fixture
def speechkit(processes: Processes, telegram: SimulatedTelegram, tmp_path: Path) -> Iterator[SpeechKitStub]:
    """A SpeechKit for the processes and for this one, which is the next worker."""
    with SpeechKitStub() as stub:
        processes.environment |= {
            "YANDEX_CLOUD_API_KEY": "only-for-tests",
            "YANDEX_STT_ENABLED": "1",
            "YANDEX_STT_URL": stub.url,
            "YANDEX_OPERATION_URL": stub.url,
        }
        with override_settings(
            TELEGRAM_API_URL=telegram.url,
            TELEGRAM_BOT_TOKEN=telegram.token,
            MEDIA_ROOT=tmp_path / "data" / "media",
            YANDEX_CLOUD_API_KEY="only-for-tests",
            YANDEX_STT_ENABLED=True,
            YANDEX_STT_URL=stub.url,
            YANDEX_OPERATION_URL=stub.url,
        ):
            yield stub


def arrived(telegram: SimulatedTelegram, *, seconds: int) -> Recording:
    return receive(telegram, telegram.sends_voice(CHAT, seconds=seconds)).recording


def work() -> None:
    """Everything that is due, here."""
    while queue.fetch_one() or queue.recognise_short_one() or queue.submit_one() or queue.poll_one():
        pass


def another_worker_comes() -> None:
    """Much later: leases have run out."""
    for _ in range(3):
        make_due()
        work()


def files(recording: Recording, tmp_path: Path) -> list[str]:
    folder = (tmp_path / "data" / "media" / "voice").rglob("*")
    return sorted(path.name for path in folder if path.is_file() and path.suffix != ".part")


def assert_done_once(recording: Recording, speechkit: SpeechKitStub, tmp_path: Path) -> None:
    recording = fresh(recording)
    assert (recording.state, recording.message.transcript) == ("done", speechkit.words)
    assert files(recording, tmp_path) == [f"{recording.message_id}.ogg"]
    assert recording.version == 1


def test_in_the_middle_of_a_download(
    processes: Processes, telegram: SimulatedTelegram, speechkit: SpeechKitStub, tmp_path: Path
) -> None:
    recording = arrived(telegram, seconds=3)
    telegram.script("download", [answers.hang()])
    worker = processes.worker()
    signature(FETCH).delay()
    wait_for(lambda: telegram.hanging_calls == 1)
    assert fresh(recording).state == "downloading"
    processes.kill(worker)
    assert not queue.fetch_one()  # it may still live

    another_worker_comes()

    assert_done_once(recording, speechkit, tmp_path)
    assert len(speechkit.asked(SHORT)) == 1


def test_while_a_short_one_is_recognised(
    processes: Processes, telegram: SimulatedTelegram, speechkit: SpeechKitStub, tmp_path: Path
) -> None:
    recording = arrived(telegram, seconds=3)
    work_fetch()
    speechkit.scripts[SHORT] = [Answer(hangs=True)]
    worker = processes.worker()
    signature(RECOGNISE).delay()
    wait_for(lambda: speechkit.hanging == 1)
    processes.kill(worker)
    assert not queue.recognise_short_one()

    another_worker_comes()

    assert_done_once(recording, speechkit, tmp_path)
    assert len(speechkit.asked(SHORT)) == 2  # nobody can know whether the first one was heard
    assert SpeechUsage.objects.get().recordings == 1


def work_fetch() -> None:
    while queue.fetch_one():
        pass


def test_while_a_long_one_is_handed_over(
    processes: Processes, telegram: SimulatedTelegram, speechkit: SpeechKitStub, tmp_path: Path
) -> None:
    recording = arrived(telegram, seconds=40)
    work_fetch()
    speechkit.scripts[LONG] = [Answer(hangs=True)]
    worker = processes.worker()
    signature(RECOGNISE).delay()
    wait_for(lambda: speechkit.hanging == 1)
    processes.kill(worker)

    another_worker_comes()

    assert_done_once(recording, speechkit, tmp_path)
    assert len(speechkit.asked(LONG)) == 2


def test_right_after_the_operation_is_written_down(
    processes: Processes, telegram: SimulatedTelegram, speechkit: SpeechKitStub, tmp_path: Path
) -> None:
    """The first commit after SpeechKit's answer holds the operation: from there on nothing is paid again."""
    recording = arrived(telegram, seconds=40)
    work_fetch()
    notes = tmp_path / "notes"
    # The claim is the first commit, the operation the second.
    processes.environment |= Faults(dies="after", commit=4, notes=str(notes)).as_environment()
    processes.worker()
    signature(RECOGNISE).delay()
    wait_for(notes.exists)
    assert notes.read_text(encoding="utf-8").split()[0] == "recordings"
    assert fresh(recording).operation_id == "operation-1"

    another_worker_comes()

    assert_done_once(recording, speechkit, tmp_path)
    assert len(speechkit.asked(LONG)) == 1
    assert SpeechUsage.objects.get().seconds == 40


def test_while_a_result_is_asked_for(
    processes: Processes, telegram: SimulatedTelegram, speechkit: SpeechKitStub, tmp_path: Path
) -> None:
    recording = arrived(telegram, seconds=40)
    work()
    make_due()
    speechkit.scripts[OPERATION] = [Answer(hangs=True)]
    worker = processes.worker()
    signature(RECOGNISE).delay()
    wait_for(lambda: speechkit.hanging == 1)
    processes.kill(worker)

    another_worker_comes()

    assert_done_once(recording, speechkit, tmp_path)
    assert len(speechkit.asked(LONG)) == 1


def test_before_the_words_are_committed(
    processes: Processes, telegram: SimulatedTelegram, speechkit: SpeechKitStub, tmp_path: Path
) -> None:
    recording = arrived(telegram, seconds=40)
    work()
    make_due()
    worker = processes.worker()
    with locked("message_analysis", processes.database_url) as is_awaited:
        signature(RECOGNISE).delay()
        wait_for(is_awaited)
        processes.kill(worker)
    wait_for(lambda: not is_locked(recording))
    assert fresh(recording).message.transcript == ""

    another_worker_comes()

    assert_done_once(recording, speechkit, tmp_path)
    assert len(speechkit.asked(LONG)) == 1
    assert len(speechkit.asked(RESULT)) == 2


def is_locked(recording: Recording) -> bool:
    """Whether the killed worker's session still holds the row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM recordings WHERE id = %s FOR UPDATE SKIP LOCKED) AS free",
            [recording.pk],
        )
        return bool(cursor.fetchone()[0] == 0)


def test_two_workers_never_do_one_recording_twice(
    processes: Processes, telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recordings = [arrived(telegram, seconds=40 if number % 3 == 0 else 3) for number in range(24)]
    for _ in range(2):
        processes.worker()
    processes.beat()
    deadline = time.monotonic() + 90
    while Message.objects.filter(transcript_state="done").count() < len(recordings):
        assert time.monotonic() < deadline, processes.log("worker")[-3000:]
        signature(FETCH).delay()
        signature(RECOGNISE).delay()
        Recording.objects.filter(operation_id__gt="", attempts=0, state="recognising").update(
            due_at="2026-01-01T00:00:00Z"
        )
        time.sleep(0.2)

    assert len(speechkit.asked(SHORT)) == 16
    assert len(speechkit.asked(LONG)) == 8
    assert len(telegram.calls("download")) == 24
    assert {fresh(each).version for each in recordings} == {1}
    assert not VoiceGate.objects.exists()


def test_many_threads_never_do_one_recording_twice(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recordings = [arrived(telegram, seconds=3) for _ in range(20)]
    barrier = threading.Barrier(6)

    def run() -> None:
        try:
            barrier.wait()
            work()
            barrier.wait()
            work()  # what the others had fetched after this one's last look
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [fresh(each).state for each in recordings] == ["done"] * 20
    assert len(telegram.calls("download")) == 20
    assert len(speechkit.asked(SHORT)) == 20
    assert SpeechUsage.objects.get().recordings == 20
