"""Processes that begin with the libraries already imported, forked from one parent.

Importing aiogram alone costs seconds of CPU, and these tests start a hundred processes. The parent is
Python's own forkserver, one per test process, and ends with it. It imports libraries only: the hub's modules
read the settings, and those come from the environment that each process is given.
"""

import atexit
import multiprocessing
import multiprocessing.util
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e import faults

START_SECONDS = 60
# What can be imported before there are settings.
LIBRARIES = [
    "aiogram",
    "aiogram.client.session.aiohttp",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.fixups.django",
    "celery.worker.worker",
    "diff_match_patch",
    "django.contrib.admin",
    "django.contrib.postgres.search",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.test",
    "django_filters.rest_framework",
    "drf_spectacular",
    "environ",
    "inflection",
    "jsonschema",
    "kombu.transport.redis",
    "orjson",
    "psycopg",
    "pymorphy3.analyzer",
    "requests",
    "rest_framework.serializers",
    "uritemplate",
    "whitenoise.middleware",
    "yaml",
]


class ForkedProcess:
    """`python <command>`, with as much of subprocess.Popen as tests use. It leads a session of its own."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
    ) -> None:
        """What it says goes to `log`; its standard error to `errors`, if that is named."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(LIBRARIES)
        bytecode = Path(multiprocessing.util.get_temp_dir()) / "bytecode"
        self._process = context.Process(
            target=_run,
            args=([*command], str(cwd), {**environment}, (str(log), str(errors or log)), str(bytecode)),
            daemon=True,
        )
        self._process.start()
        assert self._process.pid
        self.pid: int = self._process.pid
        self._wait_for_session()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _wait_for_session(self) -> None:
        """Until the process leads a group that killpg reaches; its parent may have to start first."""
        deadline = time.monotonic() + START_SECONDS
        while self.poll() is None and os.getpgid(self.pid) != self.pid:
            assert time.monotonic() < deadline, "the process does not start"
            time.sleep(0.002)


def _run(
    command: list[str], cwd: str, environment: dict[str, str], logs: tuple[str, str], bytecode: str
) -> None:
    """Become `python <command>`: a script or `-m module`, and its arguments."""
    if sys.dont_write_bytecode:
        # Kept for this test run only, so that the hub's modules are not compiled at each start.
        sys.dont_write_bytecode, sys.pycache_prefix = False, bytecode
    _be_a_process_of_its_own(cwd, environment, logs)
    try:
        faults.apply()
        if command[0] == "-m":
            sys.argv = command[1:]
            runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = command
            runpy.run_path(command[0], run_name="__main__")
    finally:
        # What an interpreter does at its end, which multiprocessing leaves out.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()


def _be_a_process_of_its_own(cwd: str, environment: dict[str, str], logs: tuple[str, str]) -> None:
    from django.conf import settings

    assert not settings.configured, "a library that was imported beforehand has read the settings"
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    write = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    files = [os.open(os.devnull, os.O_RDONLY), *(os.open(log, write) for log in logs)]
    for target, source in enumerate(files):
        os.dup2(source, target)
        os.close(source)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
