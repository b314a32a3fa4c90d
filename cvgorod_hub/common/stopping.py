"""Ctrl-C and SIGTERM in a command that works in batches."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set by Ctrl-C or SIGTERM, so that the batch at hand is finished first; a second one stops at once."""
    stop = threading.Event()

    def ask_to_stop(*_signal: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
