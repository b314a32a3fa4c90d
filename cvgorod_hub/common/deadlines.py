"""A request that is over within a total time: its name, its connection, every byte there and back.

`requests` bounds each read, not their sum, and not the name server: a neighbour that sends a byte every few
seconds would hold a thread for hours. So the connection is cut at the deadline, whatever is going on in it.
"""

import socket
import threading
import time
from collections.abc import Sequence
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

# As socket.getaddrinfo gives it: family, and what `connect` takes.
SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]


class Deadline:
    """Cuts the connections it was given when its time is over."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.is_over = False

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles.clear()

    def left(self) -> float:
        """Seconds; never none at all, which sockets take for "no limit"."""
        return max(self._end - time.monotonic(), 0.001)

    def guard(self, connection: socket.socket) -> None:
        """A handle of our own on the same connection: TLS takes the socket's for itself."""
        with self._lock:
            if self.is_over:
                raise TimeoutError
            self._handles.append(connection.dup())

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            for handle in self._handles:
                try:
                    handle.shutdown(socket.SHUT_RDWR)
                except OSError:  # the other side was quicker
                    continue


def look_up(host: str, port: int, *, seconds: float) -> list[SocketAddress]:
    """The addresses of a host; in a thread of its own, as the resolver knows no deadline.

    Raises TimeoutError, another OSError, or UnicodeError for a label that IDNA refuses.
    """
    answers: SimpleQueue[list[SocketAddress] | OSError | UnicodeError] = SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([(family, address) for family, _type, _proto, _name, address in rows])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=max(seconds, 0))
    except Empty:
        raise TimeoutError(f"no answer about {host} in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


class DeadlineAdapter(HTTPAdapter):
    """For a session of `requests`: its connections are cut at the deadline.

    With `sockets` they go to these addresses only, whatever the host's name says; the name stays for TLS and
    for the Host header.
    """

    def __init__(self, deadline: Deadline, sockets: Sequence[SocketAddress] | None = None) -> None:
        super().__init__(max_retries=0)
        self._deadline = deadline
        self._sockets = sockets

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **options))
        kind = _CutTls if pool.scheme == "https" else _Cut
        pool.ConnectionCls = cast("Any", partial(kind, deadline=self._deadline, sockets=self._sockets))
        return pool


class _Cut(HTTPConnection):
    def __init__(
        self, *args: Any, deadline: Deadline, sockets: Sequence[SocketAddress] | None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._deadline = deadline
        self._sockets = sockets

    def _new_conn(self) -> socket.socket:
        refusal: OSError = OSError("no address")
        try:
            addresses = self._sockets or self._look_up()
            for family, address in addresses:
                try:
                    return _connect(family, address, self._deadline)
                except OSError as error:
                    refusal = error
        except OSError as error:
            refusal = error
        if isinstance(refusal, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError(self, "no connection in time") from refusal
        raise urllib3.exceptions.NewConnectionError(self, type(refusal).__name__) from refusal

    def _look_up(self) -> list[SocketAddress]:
        try:
            return look_up(self.host, self.port or self.default_port, seconds=self._deadline.left())
        except UnicodeError as error:
            raise OSError("no name of a host") from error


class _CutTls(_Cut, HTTPSConnection):
    """The same below TLS."""


def _connect(family: socket.AddressFamily, address: tuple[Any, ...], deadline: Deadline) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(deadline.left())
        connection.connect(address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline.guard(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def session_within(deadline: Deadline, sockets: Sequence[SocketAddress] | None = None) -> requests.Session:
    """A session that the deadline cuts; close it within the deadline's own block."""
    session = requests.Session()
    adapter = DeadlineAdapter(deadline, sockets)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
