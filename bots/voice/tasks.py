"""The worker's part of voices (queue `voice`): nudged by what comes, swept behind it.

What talks to Telegram is imported late: aiogram takes seconds, and every process that queues a task imports
this module.
"""

import threading
import time
from collections.abc import Callable

from celery import shared_task

# One call works for so long, apart from what it has begun; the next sweep goes on.
SECONDS = 20
# SpeechKit allows five questions about operations a second.
POLL_PAUSE = 0.25
_fetching, _recognising = threading.Lock(), threading.Lock()


@shared_task
def fetch_recordings() -> int:
    """Files from Telegram; returns how many recordings were taken up."""
    from bots.voice.queue import fetch_one

    return _drain(_fetching, fetch_one)


@shared_task
def recognise_recordings() -> int:
    """Words from SpeechKit, the newest recordings first."""
    from bots.voice.queue import poll_one, recognise_short_one, submit_one

    return _drain(_recognising, recognise_short_one, submit_one, _paced(poll_one))


@shared_task
def tend_recordings() -> None:
    from bots.voice import upkeep

    upkeep.note_missed()
    upkeep.follow_the_key()
    upkeep.give_up_unfetched()
    upkeep.give_up_unasked()
    upkeep.delete_old_files()
    upkeep.delete_parts()


def _drain(at_work: threading.Lock, *steps: Callable[[], bool]) -> int:
    """Steps in turn until none finds anything. One call a process: a backlog takes one thread, not all."""
    if not at_work.acquire(blocking=False):
        return 0
    try:
        taken, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end and (found := sum([step() for step in steps])):
            taken += found
        return taken
    finally:
        at_work.release()


def _paced(step: Callable[[], bool]) -> Callable[[], bool]:
    """The same step, never sooner than POLL_PAUSE after its last time."""
    last = [0.0]

    def paced() -> bool:
        if (left := last[0] + POLL_PAUSE - time.monotonic()) > 0:
            time.sleep(left)
        found = step()
        last[0] = time.monotonic() if found else 0.0
        return found

    return paced
