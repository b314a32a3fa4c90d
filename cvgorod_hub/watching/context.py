"""What the code is busy with: the request or task that whatever is logged meanwhile belongs to."""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar

# `request_id`, and of a worker `task_id` and `task`.
about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039  (never changed in place)

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def request_id_from(text: str | None) -> str:
    """The id that a caller gave, where it is 8 to 64 of A-Z a-z 0-9 . _ -; else a new one."""
    return text if text and _WELL_FORMED.fullmatch(text) else secrets.token_hex(8)
