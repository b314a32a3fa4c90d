"""Background processes say that they live, for `/metrics`."""

import asyncio
import time
from pathlib import Path

import pytest
from celery.beat import PersistentScheduler
from django.utils.module_loading import import_string
from pytest_django import Settings

from bots.management.commands.collect_telegram import show_life
from cvgorod_hub.celery import app
from cvgorod_hub.common import alive
from cvgorod_hub.common.alive import Kind
from cvgorod_hub.watching import tallies
from cvgorod_hub.watching.workers import WatchedScheduler, worker_ends, worker_lives


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive, "_said_at", {})


def known() -> dict[Kind, int]:
    client = tallies.connect()
    return alive.count_alive(client.hgetall(alive.KEY), now=client.time()[0])


def test_a_worker_lives_until_it_ends() -> None:
    assert known()[Kind.WORKER] == 0
    worker_lives()
    assert known() == {Kind.WORKER: 1, Kind.BEAT: 0, Kind.COLLECTOR: 0}

    worker_ends()
    assert known()[Kind.WORKER] == 0


def test_it_is_said_now_and_then_only() -> None:
    worker_lives()
    tallies.connect().delete(alive.KEY)
    worker_lives()
    assert known()[Kind.WORKER] == 0


def test_whoever_was_silent_for_a_minute_is_gone() -> None:
    worker_lives()
    [name] = tallies.connect().hgetall(alive.KEY)
    tallies.connect().hset(alive.KEY, name, str(int(time.time() - alive.GONE_AFTER - 1)))
    assert known()[Kind.WORKER] == 0


def test_a_machine_whose_clock_is_wrong_lives_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    worker_lives()
    assert known()[Kind.WORKER] == 1


def test_redis_away_does_not_kill_anybody(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    caplog.set_level("DEBUG", logger=alive.__name__)

    worker_lives()
    worker_ends()

    assert caplog.messages == [
        "not said to be alive kind=worker error=ConnectionError",
        "not said to be gone kind=worker error=ConnectionError",
    ]


def test_beat_lives_while_it_ticks(settings: Settings, tmp_path: Path) -> None:
    assert import_string(settings.CELERY_BEAT_SCHEDULER) is WatchedScheduler
    scheduler = WatchedScheduler(app=app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    assert isinstance(scheduler, PersistentScheduler)
    scheduler.setup_schedule()
    scheduler.data.clear()

    scheduler.tick()
    assert known()[Kind.BEAT] == 1

    scheduler.close()
    assert known()[Kind.BEAT] == 0


def test_the_collector_lives_while_its_loop_goes_round(transactional_db: None) -> None:
    async def wait() -> None:
        showing = asyncio.create_task(show_life())
        while not (await asyncio.to_thread(known))[Kind.COLLECTOR]:  # noqa: ASYNC110  (Redis is no event)
            await asyncio.sleep(0.01)
        showing.cancel()

    asyncio.run(asyncio.wait_for(wait(), 10))
    assert known()[Kind.COLLECTOR] == 1
