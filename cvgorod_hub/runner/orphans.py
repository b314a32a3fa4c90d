"""What a hub that was killed left running: written down at its start, ended at the next one.

On Linux its processes are asked to stop when it dies (leash.py). Elsewhere they are not, and one that is
just starting may miss the request; then it would keep the port, and collect or send beside the next hub.
"""

import importlib
import json
import os
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

STOP_SECONDS = 5


class ProcessNotes:
    """The sessions that the running hub leads its processes in: `{name: [leader, its start time]}`."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "processes.json"
        self.noted: dict[str, tuple[int, float]] = {}

    def note(self, name: str, leader: int) -> None:
        psutil = _psutil()
        if psutil is None:
            return
        with suppress(psutil.Error):  # dead already
            self.noted[name] = (leader, psutil.Process(leader).create_time())
            self.file.write_text(json.dumps(self.noted), encoding="utf-8")

    def forget(self) -> None:
        self.file.unlink(missing_ok=True)

    def end_orphans(self) -> None:
        """End what still runs in the sessions noted by a hub that is dead."""
        psutil = _psutil()
        try:
            noted = json.loads(self.file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # none was killed; or while it wrote this
            return
        if psutil is None:
            return
        orphans = [process for leader, since in noted.values() for process in _session(leader, since)]
        for signal_name in ("terminate", "kill"):
            for process in orphans:
                with suppress(psutil.NoSuchProcess):
                    getattr(process, signal_name)()
            _, orphans = psutil.wait_procs(orphans, timeout=STOP_SECONDS)
        self.forget()


def _session(leader: int, since: float) -> list[Any]:
    """The processes of that session; none when its number is another session's by now."""
    psutil = importlib.import_module("psutil")
    members = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader:
                if process.pid == leader and process.create_time() != since:
                    return []
                if process.status() != psutil.STATUS_ZOMBIE:
                    members.append(process)
    return members


def _psutil() -> ModuleType | None:
    """psutil comes with the embedded PostgreSQL (requirements/local.txt); None without it."""
    try:
        return importlib.import_module("psutil")
    except ModuleNotFoundError:
        return None
