"""What is done to a hub under load. Each ends with the world as it was; recovery is the hub's own."""

import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from tests.drills.black_hole import black_hole
from tests.drills.hub import DrillHub, let_pass
from tests.drills.load import Load
from tests.e2e.processes import wait_for

Turn = TypeVar("Turn")
Fault: TypeAlias = Callable[[DrillHub, Load, float], None]

# Between what a log of a drill comes to and a voice of these; both in bytes.
DISK_BYTES = 4 * 1024 * 1024
VOICE_BYTES = 6 * 1024 * 1024
VOICES = 3
WORKERS = ("worker", "second worker")


def postgres_restarts(hub: DrillHub, load: Load, seconds: float) -> None:
    """Asked to stop, then struck down, in turn."""
    for how in _until(seconds, (signal.SIGINT, signal.SIGQUIT)):
        hub.postgres.restart(how)
        let_pass(1)


def redis_is_flushed_and_restarted(hub: DrillHub, load: Load, seconds: float) -> None:
    for _turn in _until(seconds, (1,)):
        hub.redis.flush()
        let_pass(1)
        hub.redis.kill()
        let_pass(1)
        hub.redis.start()
        let_pass(1)


def everyone_is_killed(hub: DrillHub, load: Load, seconds: float) -> None:
    """kill -9, and a new one at once, as a supervisor would."""
    for name in _until(seconds, ("worker", "collector", "beat", "second worker", "web")):
        hub.kill(name)
        hub.start(name)
        let_pass(0.5)


def the_disk_is_full(hub: DrillHub, load: Load, seconds: float) -> None:
    """Voices come, and there is no room for them: a limit on the size of files, which needs no root."""
    processes = [hub.process(name) for name in WORKERS]
    for process in processes:
        process.rlimit(resource.RLIMIT_FSIZE, (DISK_BYTES, resource.RLIM_INFINITY))
    stored = "SELECT count(*) FROM recordings WHERE file <> ''"
    [(before,)] = hub.query(stored)
    for _voice in range(VOICES):
        load.ledger.speak(b"OggS" + bytes(VOICE_BYTES))
    wait_for(lambda: hub.query("SELECT 1 FROM recordings WHERE error LIKE '%cannot be stored%'"))
    let_pass(seconds)
    assert hub.query(stored) == [(before,)]
    for process in processes:
        process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_for(lambda: hub.query(stored) == [(before + VOICES,)])


def the_database_is_slow(hub: DrillHub, load: Load, seconds: float) -> None:
    """Each piece takes its time; then nothing comes; then every connection is cut."""
    hub.link.delay = 0.02
    let_pass(seconds / 3)
    hub.link.delay = 0
    hub.link.stop()
    let_pass(seconds / 3)
    hub.link.go_on()
    let_pass(seconds / 3)
    hub.link.cut()


def telegram_is_away(hub: DrillHub, load: Load, seconds: float) -> None:
    """Nobody listens at its address; then nothing even arrives there."""
    hub.telegram.stop()
    let_pass(seconds / 2)
    with black_hole(hub.telegram.port):
        let_pass(seconds / 2)
    hub.telegram.start()


FAULTS: dict[str, Fault] = {
    "PostgreSQL restarted under load": postgres_restarts,
    "Redis flushed, killed, started": redis_is_flushed_and_restarted,
    "every process killed -9 in turn": everyone_is_killed,
    "disk full while voices come": the_disk_is_full,
    "slow, silent, cut database": the_database_is_slow,
    "Telegram away": telegram_is_away,
}


def _until(seconds: float, turns: Sequence[Turn]) -> Iterator[Turn]:
    """Each of these in turn, at least once, as long as the time lasts."""
    end = time.monotonic() + seconds
    while True:
        yield from turns
        if time.monotonic() >= end:
            return
