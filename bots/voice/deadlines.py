"""One HTTP call that is over within a total deadline, whatever drips.

`requests` bounds each read, not their sum: a neighbour that sends a byte every few seconds, in its head or in
its body, would hold a thread for hours. So the connection is cut at the deadline.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from cvgorod_hub.api.hooks.posting import Deadline

# Seconds for the connection, and for any single read.
CONNECT = 5.0
SILENCE = 30.0


class CallError(Exception):
    """No answer, or only a part of one; says which kind of failure, and nothing secret."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def call(
    method: str,
    url: str,
    *,
    seconds: float,
    most_bytes: int,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """The answer, whatever its status. Raises CallError where none came within `seconds`, or more than
    `most_bytes` of it.
    """
    # As a file, so that each block of a long upload has a time limit of its own.
    data = None if body is None else io.BytesIO(body)
    with Deadline(seconds) as deadline, requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, _CutAdapter(deadline))
        try:
            with session.request(
                method,
                url,
                params=params,
                data=data,
                headers={**headers, "Connection": "close"},
                timeout=(CONNECT, min(SILENCE, seconds)),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = Answer(response.status_code, response.headers, _read(response, most_bytes))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise CallError("Deadline" if deadline.is_over else type(error).__name__) from None
        if deadline.is_over:  # a body that was cut off may read as one that ended
            raise CallError("Deadline")
    return answer


def _read(response: requests.Response, most_bytes: int) -> bytes:
    body = bytearray()
    # iter_content would wait for the end where the answer is not chunked; read1 gives what is there
    while piece := response.raw.read1(65_536, decode_content=True):
        body += piece
        if len(body) > most_bytes:
            raise CallError(f"more than {most_bytes} bytes")
    return bytes(body)


class _Cut(HTTPConnection):
    """A connection that the deadline can cut."""

    def __init__(self, *args: Any, deadline: Deadline, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = deadline

    def _new_conn(self) -> socket:
        connection = super()._new_conn()
        try:
            self._deadline.guard(connection)
        except BaseException:
            connection.close()
            raise
        return connection


class _CutTls(_Cut, HTTPSConnection):
    """The same below TLS."""


class _CutAdapter(HTTPAdapter):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__(max_retries=0)
        self._deadline = deadline

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **options))
        kind = _CutTls if pool.scheme == "https" else _Cut
        pool.ConnectionCls = cast("Any", partial(kind, deadline=self._deadline))
        return pool
