"""Answers that a test writes down beforehand: everything that can go wrong between us and Telegram.

`telegram.script("sendMessage", [too_many_requests(3), disconnect(delivered=True)])` gives the next two
calls these answers; the calls after them are answered as usual. `delivered` says whether the call is
carried out before its answer is spoiled: a message with `delivered=True` stands in the chat.
"""

import json
from dataclasses import dataclass, replace

from bots.simulator.errors import BotApiError


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What becomes of one call: first `seconds` of waiting, then the rest."""

    seconds: float = 0.0
    carried_out: bool = True
    hangs: bool = False
    drops: bool = False
    status: int | None = None  # with `body`: said instead of the method's own answer
    body: bytes = b""
    content_type: str = "application/json"
    seconds_per_byte: float = 0.0


def normal() -> Answer:
    """As if nothing were scripted; to let some calls pass before a failure."""
    return Answer()


def refuse(code: int, description: str, **parameters: int) -> Answer:
    """The Bot API's JSON error, for example `refuse(403, "Forbidden: bot was kicked …")`."""
    body = json.dumps(BotApiError(code, description, **parameters).as_json()).encode()
    return Answer(carried_out=False, status=code, body=body)


def too_many_requests(retry_after: int) -> Answer:
    description = f"Too Many Requests: retry after {retry_after}"
    return refuse(429, description, retry_after=retry_after)


def migrated(to: int) -> Answer:
    description = "Bad Request: group chat was upgraded to a supergroup chat"
    return refuse(400, description, migrate_to_chat_id=to)


def server_error(*, delivered: bool = False) -> Answer:
    """500 with the Bot API's JSON, as while its server restarts."""
    answer = refuse(500, "Internal Server Error: restart")
    return replace(answer, carried_out=delivered)


def bad_gateway(*, delivered: bool = False) -> Answer:
    """502 with a proxy's HTML instead of JSON."""
    html = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    return Answer(carried_out=delivered, status=502, body=html, content_type="text/html")


def garbage(body: bytes = b'{"ok": tru', *, status: int = 200, delivered: bool = False) -> Answer:
    """An answer that is no JSON."""
    return Answer(carried_out=delivered, status=status, body=body)


def hang(*, delivered: bool = False) -> Answer:
    """No answer until `telegram.release()`, which drops the connection."""
    return Answer(carried_out=delivered, hangs=True, drops=True)


def disconnect(*, delivered: bool = False) -> Answer:
    """The connection ends instead of an answer."""
    return Answer(carried_out=delivered, drops=True)


def delay(seconds: float, then: Answer | None = None) -> Answer:
    """The call waits, and then gets `then` (default: its usual answer)."""
    return replace(then or Answer(), seconds=seconds)


def trickle(seconds_per_byte: float, then: Answer | None = None) -> Answer:
    """The usual answer, or `then`, one byte at a time."""
    return replace(then or Answer(), seconds_per_byte=seconds_per_byte)
