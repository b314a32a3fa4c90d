"""The real collector while Telegram, or whatever stands in between, answers anything but updates.

The collector's pauses and deadlines are shortened, so that seconds stand for the minutes of an outage.
"""

import re
from itertools import pairwise

import psutil
import pytest

from bots.simulator import SimulatedTelegram, answers
from bots.simulator.answers import Answer
from tests.e2e.faults import Faults
from tests.e2e.ledger import Ledger
from tests.e2e.processes import Process, Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.1
QUICK: dict[str, object] = {
    "bots.collector.CALL_DEADLINE_SECONDS": 1,
    "bots.collector.FIRST_PAUSE_SECONDS": FIRST_PAUSE,
    "bots.collector.LONGEST_PAUSE_SECONDS": LONGEST_PAUSE,
    "bots.collector.POLL_DEADLINE_SECONDS": 1,
    "bots.collector.POLL_SECONDS": 0,
    "bots.collector.SHORTEST_EMPTY_POLL_SECONDS": FIRST_PAUSE,
}
TRIES = 3
MEGABYTE = 1024 * 1024
BAD_ANSWERS = {
    "500": answers.server_error(),
    "500 without a word": answers.garbage(b'{"ok": false}', status=500),
    "502, HTML": answers.bad_gateway(),
    "200, HTML": answers.garbage(b"<html><body>Please log in</body></html>"),
    "302 to nowhere": answers.garbage(b"", status=302),
    "nothing": answers.garbage(b""),
    "no answer": answers.disconnect(),
    "half an answer": answers.garbage(),
    "no UTF-8": answers.garbage(b"\xff\xfe\xfd{\x80"),
    "too deep": answers.garbage(b"[" * 100_000),
    "a text": answers.garbage(b'"ok"'),
    "no list": answers.garbage(b'{"ok": true, "result": {"update_id": 1}}'),
    "a text for a list": answers.garbage(b'{"ok": true, "result": "updates"}'),
    "no result": answers.garbage(b'{"ok": true}'),
    "null": answers.garbage(b'{"ok": true, "result": null}'),
    "not ok, no code": answers.garbage(b'{"ok": false}'),
    "not ok, odd parameters": answers.garbage(b'{"ok": false, "parameters": []}', status=429),
    "429": answers.garbage(b"slow down", status=429),
    "429 into the past": answers.too_many_requests(-5),
    "409": answers.refuse(409, "Conflict: terminated by other getUpdates request"),
    "403": answers.refuse(403, "Forbidden"),
}


@pytest.fixture
def ledger(processes: Processes, telegram: SimulatedTelegram) -> Ledger:
    return Ledger(telegram, processes.database_url)


@pytest.fixture
def collector(processes: Processes, telegram: SimulatedTelegram) -> Process:
    return collect(processes, telegram, **QUICK)


def collect(processes: Processes, telegram: SimulatedTelegram, **constants: object) -> Process:
    processes.environment |= Faults(constants=constants).as_environment()
    collector = processes.manage("collect_telegram")
    wait_for(lambda: telegram.requests)
    return collector


def waits(processes: Processes) -> list[str]:
    return [line for line in processes.log("collect_telegram").splitlines() if "collector waits" in line]


def fail_and_recover(telegram: SimulatedTelegram, ledger: Ledger, failures: list[Answer]) -> list[float]:
    """Something is written while these answers come; the times of all calls until it is stored."""
    before = len(telegram.calls("getUpdates"))
    telegram.script("getUpdates", failures)
    ledger.write(2)
    ledger.edit()
    wait_for(ledger.is_stored)
    return [call.at for call in telegram.calls("getUpdates")[before:]]


def test_whatever_is_answered_only_delays(
    processes: Processes, telegram: SimulatedTelegram, ledger: Ledger, collector: Process
) -> None:
    for name, answer in BAD_ANSWERS.items():
        already = len(waits(processes))
        fail_and_recover(telegram, ledger, [answer] * TRIES)
        assert (name, collector.poll(), len(waits(processes)) - already) == (name, None, TRIES)

    ledger.check_all_is_there_once()
    log = processes.log("collect_telegram")
    assert telegram.token.partition(":")[2] not in log
    assert re.findall(r"Traceback|ERROR", log) == []
    assert max(map(len, waits(processes))) < 500


def test_the_pauses_grow_to_their_limit_and_begin_anew(
    processes: Processes, telegram: SimulatedTelegram, ledger: Ledger, collector: Process
) -> None:
    pauses = [min(FIRST_PAUSE * 2**number, LONGEST_PAUSE) for number in range(12)]
    wait_for(lambda: telegram.calls("getUpdates"))
    for _outage in range(2):
        times = fail_and_recover(telegram, ledger, [answers.server_error()] * len(pauses))
        gaps = [later - earlier for earlier, later in pairwise(times[: len(pauses) + 1])]
        assert [gap >= pause for gap, pause in zip(gaps, pauses, strict=True)] == [True] * len(pauses)

        assert min(gaps[3:]) >= LONGEST_PAUSE > gaps[0]  # the second outage begins with the first pause, too

    assert len(waits(processes)) == 2 * len(pauses)
    ledger.check_all_is_there_once()


@pytest.mark.parametrize("answer", [answers.hang(), answers.trickle(0.02)], ids=["hangs", "byte by byte"])
def test_a_call_has_one_deadline_for_all_of_its_answer(
    processes: Processes, telegram: SimulatedTelegram, ledger: Ledger, collector: Process, answer: Answer
) -> None:
    ledger.write(10)  # an answer of thousands of bytes, each of them well within any deadline of its own
    times = fail_and_recover(telegram, ledger, [answer] * TRIES)

    gaps = [later - earlier for earlier, later in pairwise(times[: TRIES + 1])]
    assert [1 <= gap < 3 for gap in gaps] == [True] * TRIES
    assert len(waits(processes)) == TRIES
    assert all("timeout" in line for line in waits(processes))
    ledger.check_all_is_there_once()


def test_a_long_outage_does_not_fill_the_memory(
    processes: Processes, telegram: SimulatedTelegram, ledger: Ledger
) -> None:
    collector = collect(processes, telegram, **QUICK | {"bots.collector.LONGEST_PAUSE_SECONDS": FIRST_PAUSE})
    answer = answers.garbage(b"<html>" + b"x" * MEGABYTE, status=502)
    memory = psutil.Process(collector.pid).memory_info
    fail_and_recover(telegram, ledger, [answer] * 100)  # what the allocator keeps for good, it has by now
    before = memory().rss

    fail_and_recover(telegram, ledger, [answer] * 100)

    assert memory().rss - before < 50 * MEGABYTE
    ledger.check_all_is_there_once()


def test_bad_answers_at_the_start_only_delay_it(
    processes: Processes, telegram: SimulatedTelegram, ledger: Ledger
) -> None:
    bad = [*BAD_ANSWERS.values()]  # "no list" is an object here, but no bot's: it has no id
    telegram.script("getMe", [*bad, answers.trickle(0.1)])
    ledger.write(3)

    collect(processes, telegram, **QUICK)

    wait_for(ledger.is_stored)
    assert len(waits(processes)) == len(bad) + 1
    assert re.findall(r"Traceback|ERROR", processes.log("collect_telegram")) == []
    ledger.check_all_is_there_once()
