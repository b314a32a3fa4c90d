"""The worker's part of receiving: a sweep behind the collector (queue `default`)."""

from celery import shared_task

from bots.updates import parse_waiting_updates


@shared_task
def parse_pending_updates() -> int:
    """Updates that a collector stored but did not live to read."""
    taken = 0
    while count := parse_waiting_updates():
        taken += count
    return taken
