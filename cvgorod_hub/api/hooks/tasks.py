"""The worker's part of webhooks (queue `webhooks`)."""

import time

from celery import shared_task

from cvgorod_hub.api.hooks import dispatch, retention
from cvgorod_hub.common.nudge import nudge

# One call begins attempts for so long at the most, and asks for another where that was not enough.
DELIVER_SECONDS = 10
DELETE_SECONDS = 20


@shared_task
def deliver_webhooks() -> int:
    """The nudge after an event, and the sweep behind it: retries whose time has come, what nudges lost."""
    began = time.monotonic()
    made = dispatch.deliver_due(seconds=DELIVER_SECONDS)
    if made and time.monotonic() - began >= DELIVER_SECONDS:
        nudge(deliver_webhooks)
    return made


@shared_task
def delete_old_webhook_deliveries() -> int:
    return retention.delete_old_deliveries(seconds=DELETE_SECONDS)
