"""A hub as its user starts it: `manage.py runhub` in a process of its own, on a folder of its own."""

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from cvgorod_hub.embedded import free_port
from tests.e2e.forking import ForkedProcess

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60
STOP_SECONDS = 45


def clean_environment(data: Path, **more: str) -> dict[str, str]:
    """What a fresh machine has: nothing that this test run, or its machine, set for the hub."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(data),
        "SECRETS_PATH": os.devnull,
        "HUB_DATA_DIR": str(data),
        # An empty value wins over a developer's .env.
        **dict.fromkeys(("DATABASE_URL", "REDIS_URL", "DJANGO_SECRET_KEY"), ""),
        **dict.fromkeys(("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL", "HUB_API_KEY"), ""),
        **dict.fromkeys(("DJANGO_SUPERUSER_USERNAME", "DJANGO_SUPERUSER_PASSWORD"), ""),
        **more,
    }


def manage(data: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """`manage.py` in another terminal."""
    with tempfile.TemporaryDirectory() as name:
        output, errors = Path(name) / "output", Path(name) / "errors"
        process = ForkedProcess(
            ["manage.py", *arguments],
            cwd=ROOT,
            environment=clean_environment(data, **more),
            log=output,
            errors=errors,
        )
        try:
            code = process.wait(START_SECONDS)
        finally:
            process.send_signal(signal.SIGKILL)
        return subprocess.CompletedProcess(arguments, code, output.read_text(), errors.read_text())


class RunningHub:
    """Starts at once; `lines` is what it printed so far."""

    def __init__(self, data: Path, *arguments: str, **more: str) -> None:
        self.data = data
        self.port = free_port()
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            self.command(*arguments),
            cwd=ROOT,
            env=clean_environment(data, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", "runhub", "--port", str(self.port), *arguments]

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                self._fresh.put(line.rstrip("\n"))
        self._fresh.put(None)

    def wait_for_line(self, part: str, *, seconds: float = START_SECONDS) -> str:
        """The next line that holds this; fails with everything printed when none comes."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._fresh.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError("\n".join([f"no line with {part!r} in:", *self.lines]))
            self.lines.append(line)
            if part in line:
                return line

    def wait_until_ready(self) -> None:
        self.wait_for_line("Hub is ready")

    def get(self, path: str) -> tuple[int, Any]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            client.request("GET", path)
            response = client.getresponse()
            return response.status, json.loads(response.read())
        finally:
            client.close()

    def process_of(self, part: str) -> psutil.Process:
        """The process that the hub runs itself whose command line holds this."""
        (found,) = [
            child
            for child in psutil.Process(self.process.pid).children()
            if part in " ".join(child.cmdline())
        ]
        return found

    def postmaster(self) -> psutil.Process:
        pid = (self.data / "postgres" / "postmaster.pid").read_text(encoding="utf-8").split()[0]
        return psutil.Process(int(pid))

    def everything(self) -> list[psutil.Process]:
        """The hub, all that it started, and its PostgreSQL, which is nobody's child."""
        hub, postgres = psutil.Process(self.process.pid), self.postmaster()
        return [hub, *hub.children(recursive=True), postgres, *postgres.children(recursive=True)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop, and wait until it has; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return code


def wait_until_gone(processes: list[psutil.Process], *, seconds: float = 10) -> list[str]:
    """The command lines of those that still run when the time is up."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return [str(process) for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def has_ended(pid: int, *, seconds: float = 5) -> bool:
    """Whether the process does nothing any more; who is dead may wait for its parent to notice."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
