"""The supervisor with small processes in place of the hub's."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from cvgorod_hub.runner import supervisor
from cvgorod_hub.runner.supervisor import Process, StopSignals, Supervisor
from tests.cvgorod_hub.running_hub import has_ended

DEADLINE_SECONDS = 20
WAIT = "import time\nwhile True: time.sleep(60)"


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield StopSignals()
    for number, handler in before.items():
        signal.signal(number, handler)


def python(name: str, code: str, **more: object) -> Process:
    return Process(name=name, command=[sys.executable, "-u", "-c", code], **more)


class Printed:
    """What was printed; stops the supervisor once a line holds what is waited for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop_at: str, times: int = 1) -> None:
        self.lines: list[str] = []
        self.at: list[float] = []
        say = Supervisor.say

        def noting(running: Supervisor, name: str, line: str) -> None:
            say(running, name, line)
            self.lines.append(f"{name}: {line}")
            self.at.append(time.monotonic())
            if sum(stop_at in each for each in self.lines) >= times:
                running.stop()

        monkeypatch.setattr(Supervisor, "say", noting)


def run(signals: StopSignals, *processes: Process, when_ready: str = "") -> bool:
    async def main() -> bool:
        running = Supervisor(list(processes))
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await running.run(
                signals=signals,
                when_ready=lambda names: when_ready and running.say("hub", f"{when_ready}: {names}"),
            )

    return asyncio.run(main())


def test_lines_carry_the_name_of_their_process_and_no_secret(
    signals: StopSignals, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"print('token 123456789:AAE-abcdefghijklmnopqrstuvwxyz_01234')\nprint('done')\n{WAIT}"
    Printed(monkeypatch, stop_at="done")
    assert run(signals, python("a", code)) is True
    assert capsys.readouterr().out.splitlines()[:2] == ["a   | token [token]", "a   | done"]


def test_a_process_that_keeps_dying_is_restarted_after_a_growing_pause(
    signals: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    printed = Printed(monkeypatch, stop_at="ended", times=4)
    run(signals, python("a", "raise SystemExit(3)"))
    assert [line for line in printed.lines if "ended" in line] == [
        f"hub: a ended (exit code 3), restarting it in {pause} s"
        for pause in ("0.01", "0.02", "0.04", "0.08")
    ]


def test_a_process_that_cannot_run_as_it_is_set_up_stays_down(
    signals: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = Printed(monkeypatch, stop_at="all ready")
    refused = python("a", f"raise SystemExit({os.EX_CONFIG})", is_ready=lambda: False)
    assert run(signals, refused, python("b", WAIT), when_ready="all ready") is True
    assert printed.lines == [
        "hub: a cannot run as it is set up; the rest goes on without",
        "hub: all ready: ['b']",
        "hub: stopping",
    ]


def test_says_so_when_nothing_is_left_to_run(signals: StopSignals) -> None:
    assert run(signals, python("a", f"raise SystemExit({os.EX_CONFIG})")) is False


def test_a_process_starts_after_the_one_it_needs_is_ready(
    signals: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = Printed(monkeypatch, stop_at="second")
    asked = iter([False, False, True])
    first = python("a", f"print('first')\n{WAIT}", is_ready=lambda: next(asked))
    run(signals, first, python("b", f"print('second')\n{WAIT}", starts_after="a"))
    assert printed.lines[:2] == ["a: first", "b: second"]


def test_what_a_process_leaves_behind_ends_with_it(
    signals: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {WAIT!r}])\n"
        "print(child.pid)\nos.kill(os.getpid(), 9)"
    )
    printed = Printed(monkeypatch, stop_at="ended")
    run(signals, python("a", code))
    assert printed.lines[1] == "hub: a ended (killed by SIGKILL), restarting it in 0.5 s"
    assert has_ended(int(printed.lines[0].removeprefix("a: ")))


def test_a_process_that_does_not_stop_is_killed(
    signals: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\n{WAIT}"
    printed = Printed(monkeypatch, stop_at="up")
    assert run(signals, python("a", code, stop_seconds=0.2)) is True
    assert printed.lines == ["a: up", "hub: stopping", "hub: a does not stop, killing it"]


def test_a_second_signal_kills_at_once_but_not_one_that_comes_with_the_first(
    signals: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SAME_SIGNAL_WITHIN", 0.5)
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getppid(), signal.SIGTERM))\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"  # the first
        "time.sleep(1)\n"  # our own SIGTERM comes, and brings the second, which is too soon
        "print('still here')\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        f"{WAIT}"
    )
    printed = Printed(monkeypatch, stop_at="nothing")
    assert run(signals, python("a", code, stop_seconds=60)) is True
    assert printed.lines == ["hub: stopping", "a: still here", "hub: a does not stop, killing it"]


def test_a_signal_from_before_the_start_counts(signals: StopSignals, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = Printed(monkeypatch, stop_at="nothing")
    os.kill(os.getpid(), signal.SIGTERM)
    assert run(signals, python("a", WAIT)) is True
    assert printed.lines == ["hub: stopping"]
