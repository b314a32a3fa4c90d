"""The worker's part: deliver what was approved, and the sweeps behind it (queue `delivery`)."""

import time

from celery import shared_task

from cvgorod_hub.common.nudge import nudge
from sandbox import delivery, dispatch, transitions
from sandbox.actors import HUB

# One call works for so long at the most, and asks for another where that was not enough.
SWEEP_SECONDS = 20


@shared_task
def deliver_due_responses() -> int:
    """The nudge after an approval, and the sweep behind it: what nudges lost, what waited for its time."""
    began = time.monotonic()
    attempted = dispatch.deliver_due(seconds=SWEEP_SECONDS)
    if time.monotonic() - began >= SWEEP_SECONDS:
        nudge(deliver_due_responses)
    return attempted


@shared_task
def settle_interrupted_sends() -> int:
    return delivery.settle_interrupted()


@shared_task
def expire_responses() -> int:
    return transitions.expire_overdue(actor=HUB)
