"""Telling a worker that a recording waits; the sweeps find it, too."""

from celery import signature
from django.db import transaction

from cvgorod_hub.common.nudge import nudge

# By their names: the tasks' module imports what imports this.
FETCH = "bots.voice.tasks.fetch_recordings"
RECOGNISE = "bots.voice.tasks.recognise_recordings"


def look_soon() -> None:
    """Have a worker look when this transaction is committed."""
    transaction.on_commit(_nudge, robust=True)


def recognise_soon() -> None:
    """A file has come."""
    transaction.on_commit(lambda: nudge(signature(RECOGNISE)), robust=True)


def _nudge() -> None:
    nudge(signature(FETCH))
    nudge(signature(RECOGNISE))
