"""Celery's scheduler, for a machine whose clock may be put back."""

from typing import Any

from celery.beat import PersistentScheduler


class SteadyScheduler(PersistentScheduler):
    """A sweep that ran "in the future" counts as run now.

    Celery waits for the interval after the last run, by the wall clock: after a step back by an hour (NTP, a
    virtual machine that was resumed, a schedule file from before) no sweep would run for an hour.
    """

    def tick(self, *args: Any, **options: Any) -> float:
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at and entry.last_run_at > now]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self._heap = None  # made anew by the entries
        return super().tick(*args, **options)
