"""`make run` stops the hub however it is told to stop: alone, or together with the hub."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.cvgorod_hub.running_hub import ROOT, RunningHub, wait_until_gone

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("runhub"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


class MadeHub(RunningHub):
    """The hub as `make run` starts it, on the Python that runs the tests."""

    def command(self, *arguments: str) -> list[str]:
        installed = Path(sys.executable).parent
        options = f"--port {self.port} {' '.join(arguments)}"
        return [
            *("make", "run", "--assume-old=.venv/local.stamp"),
            *(f"BIN={installed}", f"ARGS={options}"),
        ]


def make_alone(make: "subprocess.Popen[str]") -> None:
    make.send_signal(signal.SIGTERM)


def terminal(make: "subprocess.Popen[str]") -> None:
    os.killpg(make.pid, signal.SIGINT)  # what Ctrl-C does: everything in the foreground gets it


def everybody(make: "subprocess.Popen[str]") -> None:
    os.killpg(make.pid, signal.SIGTERM)  # and `make` passes it on, so that the hub gets it twice


@pytest.mark.parametrize("stop", [make_alone, terminal, everybody])
def test_stopping_make_stops_the_hub_cleanly(
    module_folder: Path, stop: Callable[["subprocess.Popen[str]"], None]
) -> None:
    # The second and the third begin on what a clean stop left, which spares them a new database.
    hub = MadeHub(module_folder / "data", "--no-demo", "--only", "beat")
    try:
        hub.wait_until_ready()
        (runhub,) = psutil.Process(hub.process.pid).children()
        everything = [runhub, *runhub.children(recursive=True), hub.postmaster()]
        stop(hub.process)
        hub.wait_for_line("| stopping")
        assert wait_until_gone(everything) == []
        assert not (hub.data / "services.json").exists()
    finally:
        hub.stop()
    assert not any("killing it" in line for line in hub.lines)


def test_make_says_what_it_can_do() -> None:
    # The tests may run under `make` themselves, whose variables would make this one a part of it.
    alone = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["make"], cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    assert [line.split()[1] for line in done.stdout.splitlines()][:3] == ["help", "run", "test"]
