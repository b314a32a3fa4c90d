"""One HTTP call of a neighbour that takes long uploads: over within a total deadline, errors of one kind."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import requests
import urllib3

from cvgorod_hub.common.deadlines import Deadline, session_within

# Seconds for any single read.
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
    with Deadline(seconds) as deadline, session_within(deadline) as session:
        try:
            with session.request(
                method,
                url,
                params=params,
                data=data,
                headers={**headers, "Connection": "close"},
                auth=_as_it_is,
                timeout=min(SILENCE, seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = Answer(response.status_code, response.headers, _read(response, most_bytes))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise CallError("Deadline" if deadline.is_over else type(error).__name__) from None
        if deadline.is_over:  # a body that was cut off may read as one that ended
            raise CallError("Deadline")
    return answer


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """As `auth`, since without any a .netrc of this machine's would replace the key among the headers."""
    return request


def _read(response: requests.Response, most_bytes: int) -> bytes:
    body = bytearray()
    # iter_content would wait for the end where the answer is not chunked; read1 gives what is there
    while piece := response.raw.read1(65_536, decode_content=True):
        body += piece
        if len(body) > most_bytes:
            raise CallError(f"more than {most_bytes} bytes")
    return bytes(body)
