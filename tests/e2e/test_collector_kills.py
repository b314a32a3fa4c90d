"""The real collector is killed at each commit, and anywhere under load: nothing lost, nothing twice."""

import itertools
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Literal

import pytest

from bots.simulator import SimulatedTelegram
from tests.e2e.database import locked
from tests.e2e.faults import Faults
from tests.e2e.ledger import Ledger
from tests.e2e.processes import Process, Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

KILLS_UNDER_LOAD = 30


@pytest.fixture
def ledger(processes: Processes, telegram: SimulatedTelegram) -> Ledger:
    return Ledger(telegram, processes.database_url)


def collect(processes: Processes) -> Process:
    return processes.manage("collect_telegram")


def has_settled(telegram: SimulatedTelegram) -> bool:
    """The collector has stored and confirmed everything, and waits for more."""
    return telegram.is_polled and not telegram.waiting_updates


def let_it_end(collector: Process, telegram: SimulatedTelegram) -> None:
    # What was said while it lay dead and started anew is as much as the machine is slow.
    wait_for(lambda: has_settled(telegram), seconds=240)
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(10) == 0


@pytest.mark.parametrize("place", ["before", "after"])
def test_killed_at_each_commit_of_a_batch(
    processes: Processes,
    telegram: SimulatedTelegram,
    ledger: Ledger,
    tmp_path: Path,
    place: Literal["before", "after"],
) -> None:
    notes = tmp_path / "notes"
    # Once in peace: a bot's first poll writes more than all later ones.
    let_it_end(collect(processes), telegram)
    died_at: list[str] = []
    for number in itertools.count(1):
        ledger.write(3)
        ledger.edit()
        faults = Faults(dies=place, commit=number, notes=str(notes))
        processes.environment |= faults.as_environment()
        collector = collect(processes)
        wait_for(lambda collector=collector: collector.poll() is not None or has_settled(telegram))
        if collector.poll() is None:
            let_it_end(collector, telegram)
            break
        assert collector.returncode == -signal.SIGKILL
        died_at.append(notes.read_text(encoding="utf-8"))
        ledger.check_nothing_is_lost()

    ledger.check_all_is_there_once()
    # Two transactions, whatever else: what came and how far, and what became of it.
    assert [at for at in died_at if "raw_updates" in at and "telegram_bots" in at and "messages" not in at]
    assert [at for at in died_at if "raw_updates" in at and "messages" in at]


def test_killed_anywhere_under_load(processes: Processes, telegram: SimulatedTelegram) -> None:
    seed = int(os.environ.get("HUB_TEST_SEED") or random.randrange(2**32))  # noqa: S311  (a test's choices)
    print(f"HUB_TEST_SEED={seed}")  # noqa: T201  (shown when the test fails)
    moments = random.Random(seed)  # noqa: S311  (a test's choices)
    ledger = Ledger(telegram, processes.database_url, seed=seed)
    with ledger.talk():
        for _kill in range(KILLS_UNDER_LOAD):
            before = ledger.stored_count()
            collector = collect(processes)
            wait_for(lambda before=before: ledger.stored_count() > before)
            time.sleep(moments.uniform(0, 0.2))  # anywhere in its work, not at a chosen place
            processes.kill(collector)
            assert collector.returncode == -signal.SIGKILL

    let_it_end(collect(processes), telegram)
    ledger.check_all_is_there_once()


def test_killed_while_it_waits_for_more(
    processes: Processes, telegram: SimulatedTelegram, ledger: Ledger
) -> None:
    ledger.write(3)
    collector = collect(processes)
    wait_for(lambda: has_settled(telegram))
    processes.kill(collector)
    ledger.edit()

    let_it_end(collect(processes), telegram)

    ledger.check_all_is_there_once()


@pytest.mark.parametrize("table", ["raw_updates", "messages"])
def test_told_to_stop_in_the_middle_of_a_batch_it_ends_the_batch_first(
    processes: Processes, telegram: SimulatedTelegram, ledger: Ledger, table: str
) -> None:
    ledger.write(5)
    ledger.edit()
    with locked(table, processes.database_url) as is_awaited:
        collector = collect(processes)
        wait_for(is_awaited)
        collector.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            collector.wait(0.3)

    assert collector.wait(10) == 0
    ledger.check_all_is_there_once()
    assert len(telegram.waiting_updates) == 6  # not yet confirmed

    let_it_end(collect(processes), telegram)
    ledger.check_all_is_there_once()
