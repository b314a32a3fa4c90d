"""The worker's part (queue `default`): erasures that were begun, and what is older than it may be."""

import time

from celery import shared_task

from cvgorod_hub.privacy.erasing import run_all
from cvgorod_hub.privacy.retention import forget_old

# One call works for so long at the most; the next sweep goes on.
SECONDS = 20.0


@shared_task
def go_on_erasing() -> int:
    """The nudge after a request, and the sweep behind it."""
    end = time.monotonic() + SECONDS
    return run_all(may_go_on=lambda: time.monotonic() < end)


@shared_task
def forget_what_is_old() -> int:
    """What the settings do not let be kept for ever."""
    return forget_old(seconds=SECONDS)
