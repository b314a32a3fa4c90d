"""The sweeps go on when the machine's clock jumps."""

import shelve
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery
from celery.schedules import schedule
from django.conf import settings
from django.utils.module_loading import import_string

from cvgorod_hub.beat import SteadyScheduler

EVERY = 5.0


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Celery:
    app = Celery("clock", set_as_current=False)
    app.conf.update(
        beat_schedule={"sweep": {"task": "sweep", "schedule": EVERY}},
        result_expires=None,  # else Celery adds a task of its own at four in the morning
        timezone="UTC",
        broker_url="memory://",
    )
    return app


@pytest.fixture
def clock(app: Celery, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves what the scheduler takes for now."""
    moved = [timedelta()]
    real = app.now

    def now() -> datetime:
        return real() + moved[0]

    monkeypatch.setattr(app, "now", now)
    monkeypatch.setattr(schedule, "now", lambda _schedule: now())  # from the file it comes without its app

    def move(by: timedelta) -> None:
        moved[0] += by

    return move


def sweeps(scheduler: SteadyScheduler, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(scheduler, "apply_async", lambda entry, **_options: sent.append(entry.name))
    return sent


def test_it_is_the_hubs_scheduler() -> None:
    assert issubclass(import_string(settings.CELERY_BEAT_SCHEDULER), SteadyScheduler)


@pytest.mark.parametrize("jump", [timedelta(hours=1), -timedelta(hours=1)], ids=["ahead", "back"])
def test_a_sweep_goes_on_after_a_jump(
    app: Celery,
    clock: Callable[[timedelta], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    jump: timedelta,
) -> None:
    scheduler = SteadyScheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=False)
    sent = sweeps(scheduler, monkeypatch)
    clock(timedelta(seconds=EVERY))
    scheduler.tick()
    clock(jump)

    waits = scheduler.tick()
    clock(timedelta(seconds=EVERY))
    scheduler.tick()
    scheduler.tick()

    assert waits <= EVERY
    assert sent.count("sweep") in (2, 3)
    scheduler.close()


def test_a_schedule_kept_from_a_clock_that_was_ahead_does_not_hold_it_up(
    app: Celery, clock: Callable[[timedelta], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "schedule")
    before = SteadyScheduler(app, schedule_filename=file, lazy=False)
    sweeps(before, monkeypatch)
    clock(timedelta(hours=1))
    before.tick()
    before.close()
    with shelve.open(file) as kept:  # noqa: S301  (written a moment ago)
        assert kept["entries"]["sweep"].last_run_at > app.now() - timedelta(minutes=1)
    clock(-timedelta(hours=1))

    after = SteadyScheduler(app, schedule_filename=file, lazy=False)
    sent = sweeps(after, monkeypatch)
    assert after.tick() <= EVERY
    clock(timedelta(seconds=EVERY))
    after.tick()

    assert sent == ["sweep"]
    after.close()
