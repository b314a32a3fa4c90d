"""Several processes in one terminal: started, restarted when they die, stopped together.

Each process runs in a session of its own, so that a Ctrl-C reaches only the supervisor, which stops them
in order, and so that whatever a process leaves behind can be ended with it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from cvgorod_hub.common.leash import leashed
from cvgorod_hub.common.redaction import redact

# Seconds. A process that dies again soon is restarted after a pause that doubles each time.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_AFTER = 30.0
PROBE_EVERY = 0.1
# What starts after another does so once that one is ready, but waits no longer than this.
START_APART = 10.0
# A stop may come as several signals at once: from the terminal, and from `make`.
SAME_SIGNAL_WITHIN = 2.0
STILL_WAITING_EVERY = 30.0
LONGEST_LINE = 65536


class StopSignals:
    """SIGINT, SIGTERM and SIGHUP, kept from ending this process: whoever runs says what they do."""

    def __init__(self) -> None:
        self.received = False
        self.then: Callable[[], object] | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._receive)

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True
        if self.then:
            self.then()


@dataclass(frozen=True)
class Process:
    """What to run. `is_ready` may block for a second or two; None: ready once it is started."""

    name: str
    command: list[str]
    is_ready: Callable[[], bool] | None = None
    starts_after: str | None = None
    stop_seconds: float = 10.0


class Supervisor:
    """Runs processes until told to stop. One that ends with EX_CONFIG stays down, the rest goes on."""

    def __init__(
        self, processes: list[Process], *, note_start: Callable[[str, int], None] | None = None
    ) -> None:
        """`note_start` is told the name and number of each process that starts: it leads a session."""
        self.processes = processes
        self.note_start = note_start
        self.width = max(len(name) for name in ("hub", *(process.name for process in processes)))
        self.stopping = asyncio.Event()
        self.killing = asyncio.Event()
        self.down: set[str] = set()
        self.settled = {process.name: asyncio.Event() for process in processes}
        self.first_signal_at = 0.0

    async def run(self, *, signals: StopSignals, when_ready: Callable[[list[str]], None]) -> bool:
        """Run until told to stop (True), or until nothing is left that can run (False).

        `when_ready` is called once, when each process is ready or known to stay down, with the names
        of those that are ready.
        """
        loop = asyncio.get_running_loop()
        signals.then = lambda: loop.call_soon_threadsafe(self.stop)
        if signals.received:
            self.stop()
        announcing = asyncio.create_task(self._announce(when_ready))
        await asyncio.gather(*(self._keep_running(process) for process in self.processes))
        signals.then = None
        announcing.cancel()
        return self.stopping.is_set()

    def stop(self) -> None:
        """Ask every process to stop; asked again later, kill them at once."""
        now = asyncio.get_running_loop().time()
        if not self.stopping.is_set():
            self.first_signal_at = now
            self.stopping.set()
            self.say("hub", "stopping")
        elif now - self.first_signal_at > SAME_SIGNAL_WITHIN:
            self.killing.set()

    def say(self, name: str, line: str) -> None:
        try:
            print(f"{name:{self.width}} | {redact(line)}", flush=True)  # noqa: T201
        except OSError:  # the terminal, or whoever read from us, is gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.stopping.set()

    async def _announce(self, when_ready: Callable[[list[str]], None]) -> None:
        for event in self.settled.values():
            while not event.is_set():
                try:
                    await asyncio.wait_for(event.wait(), STILL_WAITING_EVERY)
                except TimeoutError:
                    waiting = [name for name, event in self.settled.items() if not event.is_set()]
                    self.say("hub", f"still waiting for {', '.join(waiting)}")
        when_ready([process.name for process in self.processes if process.name not in self.down])

    async def _keep_running(self, process: Process) -> None:
        if process.starts_after in self.settled:
            await self._unless_stopping(self.settled[process.starts_after].wait(), within=START_APART)
        loop = asyncio.get_running_loop()
        pause = 0.0
        while not self.stopping.is_set():
            started_at = loop.time()
            code = await self._run_once(process)
            if self.stopping.is_set():
                return
            if code == os.EX_CONFIG:
                self.down.add(process.name)
                self.settled[process.name].set()
                self.say("hub", f"{process.name} cannot run as it is set up; the rest goes on without")
                return
            steady = loop.time() - started_at >= STEADY_AFTER
            pause = FIRST_PAUSE if steady or not pause else min(pause * 2, LONGEST_PAUSE)
            self.say("hub", f"{process.name} ended ({_how(code)}), restarting it in {pause:g} s")
            await self._unless_stopping(asyncio.sleep(pause))

    async def _run_once(self, process: Process) -> int:
        # A pipe of our own: asyncio's is waited for, and what a dead process leaves behind holds it open.
        reading, writing = os.pipe()
        child = await asyncio.create_subprocess_exec(
            *leashed(process.command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(writing)
        if self.note_start:
            self.note_start(process.name, child.pid)
        output = asyncio.create_task(self._relay(process.name, reading))
        probing = asyncio.create_task(self._settle(process))
        await self._unless_stopping(child.wait())
        if child.returncode is None:
            await self._end(process, child)
        probing.cancel()
        _kill_group(child)
        await asyncio.wait([output], timeout=1)
        output.cancel()
        return await child.wait()

    async def _end(self, process: Process, child: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            child.terminate()
        ended = asyncio.create_task(child.wait())
        killing = asyncio.create_task(self.killing.wait())
        await asyncio.wait(
            [ended, killing],
            timeout=process.stop_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        killing.cancel()
        if not ended.done():
            self.say("hub", f"{process.name} does not stop, killing it")
            _kill_group(child)
            await ended

    async def _settle(self, process: Process) -> None:
        """Note that the process is ready, once it says so; told once, it stays noted."""
        settled = self.settled[process.name]
        while process.is_ready and not settled.is_set():
            try:
                if await asyncio.to_thread(process.is_ready):
                    break
            except Exception as error:  # a neighbour of the probe is away: not ready yet
                self.say("hub", f"{process.name}: {type(error).__name__} while asking whether it is ready")
            await asyncio.sleep(PROBE_EVERY)
        settled.set()

    async def _relay(self, name: str, reading: int) -> None:
        output = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reading, "rb")
        )
        pending = b""
        try:
            while chunk := await output.read(LONGEST_LINE):
                *lines, pending = (pending + chunk).split(b"\n")
                if len(pending) > LONGEST_LINE:
                    lines, pending = [*lines, pending], b""
                for line in filter(None, map(bytes.rstrip, lines)):
                    self.say(name, line.decode(errors="replace"))
        finally:
            transport.close()

    async def _unless_stopping(
        self, what: Coroutine[Any, Any, object], *, within: float | None = None
    ) -> None:
        """Wait for it, for the order to stop, or for so many seconds: whichever comes first."""
        waiting = [asyncio.create_task(what), asyncio.create_task(self.stopping.wait())]
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


def _kill_group(child: asyncio.subprocess.Process) -> None:
    """Kill the process and all that it started: they share the group that it leads."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
