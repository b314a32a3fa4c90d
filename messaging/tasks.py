"""The worker's part of messages: telling webhooks of them (queue `webhooks`)."""

from celery import shared_task

from messaging import announcing

ANNOUNCE_SECONDS = 10


@shared_task
def announce_messages() -> int:
    """The nudge after a batch of updates, and the sweep behind it."""
    return announcing.announce_messages(seconds=ANNOUNCE_SECONDS)
