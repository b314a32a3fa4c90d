"""The hub's real processes on a test's database, and a way to wait for what they do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar
from urllib.parse import quote

import requests
from django.conf import settings
from django.db import connection

from cvgorod_hub.embedded import free_port
from cvgorod_hub.runner.commands import QUEUES
from tests.e2e.forking import ForkedProcess

BASE_DIR = Path(__file__).resolve().parents[2]
START_SECONDS = 60

Found = TypeVar("Found")
Process: TypeAlias = "subprocess.Popen[bytes] | ForkedProcess"


def wait_for(predicate: Callable[[], Found], *, seconds: float = START_SECONDS) -> Found:
    """The first truthy value of the predicate; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := predicate()):
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)
    return found


class Processes:
    """Starts processes of the hub; every one of them is gone when the test is."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "cvgorod_hub.settings",
            "DATABASE_URL": _tests_database(),
            "REDIS_URL": settings.REDIS_URL,
            "HUB_DATA_DIR": str(folder / "data"),
            **environment,
        }
        self._running: list[Process] = []
        self._webs: dict[str, Process] = {}

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    def manage(self, *arguments: str) -> Process:
        """Start `manage.py …`; what it prints goes to a file of its own."""
        return self.fork(["manage.py", *arguments], name=arguments[0])

    def worker(self) -> Process:
        command = ["-m", "celery", "--app", "cvgorod_hub", "worker", "--queues", QUEUES]
        options = ["--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"]
        return self.fork([*command, *options], name="worker")

    def beat(self) -> Process:
        """The sweeps."""
        (self.folder / "data").mkdir(exist_ok=True)
        return self.fork(["-m", "celery", "--app", "cvgorod_hub", "beat"], name="beat")

    def web(self) -> str:
        """The web process, ready to answer; returns its address."""
        port = free_port()
        command = [sys.executable, "-W", "ignore:No directory at", "-m", "granian"]
        options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
        process = self.start([*command, *options, "cvgorod_hub.wsgi:application"], name="web")
        address = f"http://127.0.0.1:{port}"
        self._webs[address] = process
        wait_for(lambda: _answers(f"{address}/health/ready"))
        return address

    def process_of(self, address: str) -> Process:
        """The web process that answers there."""
        return self._webs[address]

    def fork(self, command: list[str], *, name: str) -> Process:
        """Start `python …` from the parent that has the libraries already."""
        log = self.folder / f"{name}.log"
        process = ForkedProcess(command, cwd=BASE_DIR, environment=self.environment, log=log)
        self._running.append(process)
        return process

    def start(self, command: list[str], *, name: str) -> Process:
        """Start a command line from nothing, as people do."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=BASE_DIR, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self._running.append(process)
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def kill(self, process: Process) -> None:
        """As a power cut would: the process and its children, without a last word."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            process.wait()

    def close(self) -> None:
        for process in self._running:
            self.kill(process)


def _tests_database() -> str:
    database = connection.settings_dict
    host = database["HOST"] or database["OPTIONS"]["host"]
    return f"postgresql://postgres@/{database['NAME']}?host={quote(host, safe='')}"


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:  # nobody there yet, or busy beginning
        return False
