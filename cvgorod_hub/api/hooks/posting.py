"""One POST to an endpoint: to the judged address only, over within a total deadline, nothing followed."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests
import urllib3

from cvgorod_hub.api.hooks.addresses import Destination, resolve
from cvgorod_hub.api.hooks.troubles import HookError, Trouble
from cvgorod_hub.common.deadlines import Deadline, session_within
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


def _session(destination: Destination, deadline: Deadline) -> requests.Session:
    session = session_within(deadline, destination.sockets)
    session.trust_env = False  # neither proxies nor a .netrc of this machine's
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
