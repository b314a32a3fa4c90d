"""One POST to an endpoint: to the judged address only, over within a total deadline, nothing followed.

`requests` bounds each read, not their sum: an endpoint that sends a byte every few seconds would hold a
thread for hours. So the connection is cut at the deadline, whatever is going on in it.
"""

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from cvgorod_hub.api.hooks.addresses import Destination, resolve
from cvgorod_hub.api.hooks.troubles import HookError, Trouble
from cvgorod_hub.common.redaction import redact
from cvgorod_hub.common.texts import storable

# Seconds for everything: the name, the connection, every byte there and back.
DEADLINE = 10.0
# Of an answer's body so many bytes are read, and so many characters kept.
MOST_READ = 8_192
MOST_KEPT = 500
USER_AGENT = "cvgorod-hub-webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What the endpoint said; `retry_after` as its header has it."""

    status_code: int
    body: str
    retry_after: str


def post(url: str, *, body: bytes, headers: Mapping[str, str], seconds: float = DEADLINE) -> Answer:
    """Post JSON and return the answer, whatever its status. Raises HookError where there is none."""
    with Deadline(seconds) as deadline:
        destination = resolve(url, seconds=deadline.left())
        try:
            with _session(destination, deadline) as session, _send(session, url, body, headers) as response:
                if deadline.is_over:  # a head that was cut off reads as one that ended
                    raise HookError(Trouble.TIMEOUT)
                return Answer(
                    response.status_code,
                    _beginning(response),
                    response.headers.get("Retry-After", ""),
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise HookError(_trouble(error, deadline), type(error).__name__) from None


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


class _Pinned(HTTPConnection):
    """Connects to the addresses that were judged; the host's name stays for TLS and for the Host header."""

    def __init__(self, *args: Any, destination: Destination, deadline: Deadline, **options: Any) -> None:
        super().__init__(*args, **options)
        self._destination = destination
        self._deadline = deadline

    def _new_conn(self) -> socket.socket:
        refusal: OSError = OSError("no address")
        for family, address in self._destination.sockets:
            try:
                return _connect(family, address, self._deadline)
            except OSError as error:
                refusal = error
        if isinstance(refusal, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError(self, "no connection in time") from refusal
        raise urllib3.exceptions.NewConnectionError(self, type(refusal).__name__) from refusal


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


class _PinnedTls(_Pinned, HTTPSConnection):
    """The same below TLS."""


class _PinnedAdapter(HTTPAdapter):
    def __init__(self, destination: Destination, deadline: Deadline) -> None:
        super().__init__(max_retries=0)
        self._destination = destination
        self._deadline = deadline

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **options))
        kind = _PinnedTls if pool.scheme == "https" else _Pinned
        pool.ConnectionCls = cast(
            "Any", partial(kind, destination=self._destination, deadline=self._deadline)
        )
        return pool


def _session(destination: Destination, deadline: Deadline) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # neither proxies nor a .netrc of this machine's
    adapter = _PinnedAdapter(destination, deadline)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _send(session: requests.Session, url: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
    return session.post(
        url,
        data=body,
        headers={
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        },
        timeout=DEADLINE,
        allow_redirects=False,
        stream=True,
    )


def _beginning(response: requests.Response) -> str:
    """How the body begins. Its status has been said by now, so a body that breaks off changes nothing."""
    body = bytearray()
    try:
        while len(body) < MOST_READ and (piece := response.raw.read1(MOST_READ, decode_content=False)):
            body += piece
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        pass
    return storable(redact(bytes(body[:MOST_READ]).decode("utf-8", "replace")))[:MOST_KEPT]


def _trouble(error: Exception, deadline: Deadline) -> Trouble:
    if deadline.is_over or isinstance(error, requests.Timeout | TimeoutError):
        return Trouble.TIMEOUT
    if isinstance(error, requests.exceptions.SSLError):
        return Trouble.TLS
    reason = getattr(error.args[0], "reason", None) if error.args else None
    refused = isinstance(reason, urllib3.exceptions.NewConnectionError)
    return Trouble.UNREACHABLE if refused else Trouble.BROKEN
