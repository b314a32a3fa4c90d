"""SIGTERM and Ctrl-C as something to wait for, so that a loop ends between two steps."""

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Self


class StopSignal:
    """While entered, SIGTERM and SIGINT only end waits. The main thread's own, as signals are."""

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        self._before = {
            number: signal.signal(number, self._arrived) for number in (signal.SIGTERM, signal.SIGINT)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether a signal came, now or within `timeout` seconds (None: however long)."""
        # The byte stays in the pipe: whoever waits next hears of the signal too.
        return bool(select.select([self._read], [], [], timeout)[0])

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        os.write(self._write, b"!")
