"""Celery's way in."""

import time

from celery import shared_task

from intents.model_queue import classify_due_batch

# Seconds that one sweep drains a backlog; the next one goes on.
SWEEP = 60


@shared_task(queue="classify")
def classify_unsure_messages() -> None:
    """Ask the model about messages that the patterns were unsure of, newest first."""
    started = time.monotonic()
    while classify_due_batch() and time.monotonic() - started < SWEEP:
        pass
