"""PostgreSQL is restarted under the working collector: all is there once, and the lock is held again."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.simulator import SimulatedTelegram
from tests.cvgorod_hub.conftest import open_folder
from tests.e2e.database import OwnPostgres
from tests.e2e.faults import Faults
from tests.e2e.ledger import Ledger
from tests.e2e.processes import Processes, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
# The database is back within a second; who waits longer for it waits in vain.
QUICK = Faults(
    constants={"bots.collector.FIRST_PAUSE_SECONDS": 0.05, "bots.collector.LONGEST_PAUSE_SECONDS": 0.2}
)
LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND application_name LIKE 'collect_telegram on %'
"""


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with open_folder() as folder, OwnPostgres(folder / "postgres") as postgres:
        yield postgres


@pytest.fixture
def own(postgres: OwnPostgres, telegram: SimulatedTelegram, tmp_path: Path) -> Iterator[Processes]:
    """Processes on that server, its tables made."""
    running = Processes(
        tmp_path,
        DATABASE_URL=postgres.url,
        TELEGRAM_API_URL=telegram.url,
        TELEGRAM_BOT_TOKEN=telegram.token,
    )
    assert running.manage("migrate").wait(60) == 0
    running.environment |= QUICK.as_environment()
    yield running
    running.close()


def test_a_database_restarted_under_load_loses_and_doubles_nothing(
    own: Processes, postgres: OwnPostgres, telegram: SimulatedTelegram
) -> None:
    ledger = Ledger(telegram, postgres.url)
    collector = own.manage("collect_telegram")
    with ledger.talk():
        for how in (FAST, IMMEDIATE, IMMEDIATE):
            before = ledger.stored_count()
            wait_for(lambda before=before: ledger.stored_count() > before)
            postgres.restart(how)

    wait_for(ledger.is_stored)
    wait_for(lambda: telegram.is_polled)
    assert postgres.query(LOCKS) == [(1,)]
    assert collector.poll() is None
    ledger.check_all_is_there_once()
    assert own.manage("collect_telegram", "--once").wait(60) == 1
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(10) == 0
