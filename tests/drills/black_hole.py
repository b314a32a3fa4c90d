"""An address at which nothing arrives, and nobody says so: as behind a firewall that drops packets."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

SECONDS = 10
# So many connections a queue of none takes, and a few to spare.
FILLED_BY = 8


@contextmanager
def black_hole(port: int = 0) -> Iterator[int]:
    """Its port. The queue of who wants to connect is full, so the system drops what comes."""
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind(("127.0.0.1", port))
        hole.listen(0)
        address = hole.getsockname()
        for _each in range(FILLED_BY):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        _wait_until_full(address)
        yield address[1]


def _wait_until_full(address: tuple[str, int]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            try:
                probe.connect(address)
            except TimeoutError:
                return
    raise AssertionError("the queue does not fill")
