"""The worker's part: the model, and the sweep behind the patterns (queue `classify`)."""

import time

from celery import shared_task

from intents.classification import classify_missed
from intents.llm.queue import classify_due_batch, give_up_old
from intents.reclassifying.running import next_run, work_off
from intents.statistics import follow_time_zone as follow

# Seconds that one sweep drains a backlog; the next one goes on.
SWEEP = 60


@shared_task
def classify_unsure_messages() -> None:
    """Ask the model about what is due for it, newest first, as long as it may be asked."""
    give_up_old()
    started = time.monotonic()
    while classify_due_batch() and time.monotonic() - started < SWEEP:
        pass


@shared_task
def classify_missed_messages() -> int:
    """What was stored while the patterns could not speak."""
    return classify_missed()


@shared_task
def follow_time_zone() -> bool:
    """Days counted anew after TIME_ZONE changed; until then they are made of quarters, which is slower."""
    return follow()


@shared_task
def reclassify_messages() -> int:
    """Work off the runs that people started, one after another; returns how many messages were done."""
    until = time.monotonic() + SWEEP
    done: list[int] = []
    while time.monotonic() < until and (run := next_run()) is not None:
        before = len(done)
        work_off(run, may_go_on=lambda: time.monotonic() < until, progress=done.append)
        if len(done) == before:
            break  # others hold what is left of it
    return sum(done)
