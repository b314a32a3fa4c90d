"""The worker's part: deliver what was approved, and the sweeps behind it (queue `delivery`)."""

import time

from celery import shared_task

from sandbox import delivery, transitions
from sandbox.actors import HUB

# One sweep works for so long at the most; the next one goes on.
SWEEP_SECONDS = 20


@shared_task
def deliver_response(response_id: int) -> bool:
    """The nudge after an approval."""
    return delivery.deliver_one(response_id=response_id)


@shared_task
def deliver_due_responses() -> int:
    """What nudges lost, what waited for its time, what is to be tried again."""
    delivered, end = 0, time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < end and delivery.deliver_one():
        delivered += 1
    return delivered


@shared_task
def settle_interrupted_sends() -> int:
    return delivery.settle_interrupted()


@shared_task
def expire_responses() -> int:
    return transitions.expire_overdue(actor=HUB)
