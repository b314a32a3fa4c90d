import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cvgorod_hub.runner.orphans import ProcessNotes
from tests.cvgorod_hub.running_hub import has_ended

FAMILY = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def leader() -> Iterator["subprocess.Popen[str]"]:
    """A process that ignores SIGTERM and leads a session with a child in it."""
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        if process.poll() is None:
            os.killpg(process.pid, 9)


def test_orphans_are_ended_with_all_they_started(
    tmp_path: Path, leader: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvgorod_hub.runner.orphans.STOP_SECONDS", 0.3)
    (child,) = (process.pid for process in psutil.Process(leader.pid).children())
    ProcessNotes(tmp_path).note("web", leader.pid)
    ProcessNotes(tmp_path).end_orphans()
    assert leader.poll() is not None
    assert has_ended(child)
    assert not (tmp_path / "processes.json").exists()


def test_a_process_that_only_has_an_orphans_number_is_left_alone(
    tmp_path: Path, leader: "subprocess.Popen[str]"
) -> None:
    notes = ProcessNotes(tmp_path)
    notes.note("web", leader.pid)
    (number, since) = notes.noted["web"]
    notes.file.write_text(json.dumps({"web": [number, since - 1]}), encoding="utf-8")
    notes.end_orphans()
    assert leader.poll() is None


def test_notes_cut_short_end_nobody(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        cut_short = f'{{"web": [{bystander.pid}'
        (tmp_path / "processes.json").write_text(cut_short, encoding="utf-8")
        ProcessNotes(tmp_path).end_orphans()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
