"""Who used which key for what: a line in the log for each write and each refusal, a count for everything.

    api call key="agent" POST send 201 12.4 ms from 203.0.113.7

Never what was asked for (search words are people's words), never a secret.
"""

import json
import logging
import re
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter

from django.contrib.admindocs.views import simplify_regex
from django.http import HttpRequest, HttpResponseBase

from cvgorod_hub.api.authentication import KEY
from cvgorod_hub.api.keys.callers import address_of
from cvgorod_hub.api.keys.limits import tell_allowance
from cvgorod_hub.api.keys.usage import LONGEST_ROUTE, REFUSALS, usage
from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.api.routers import PREFIX

logger = logging.getLogger(__name__)

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What callers invent beside these is one row of the table.
_METHODS = _READING | {"POST", "PUT", "PATCH", "DELETE"}


class JournalMiddleware:
    """Notes each call below /api/v1/; the first of all, so that its milliseconds are the caller's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        began = perf_counter()
        response = self.get_response(request)
        note_call(request, response, seconds=perf_counter() - began)
        return response


def note_call(request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
    """Count the call, say what is left of the key's limit, and write the line where one is due."""
    key: ApiKey | None = request.META.get(KEY)
    match = request.resolver_match
    method = request.method if request.method in _METHODS else "other"
    route = readable(match.route) if match else "?"
    if key is not None and key.pk is not None:
        tell_allowance(response, key)
        usage.note(key.pk, method, route, response.status_code)
    if response.status_code in REFUSALS or method not in _READING:
        _log(request, response, name=None if key is None else key.name, route=route, seconds=seconds)


def _log(
    request: HttpRequest, response: HttpResponseBase, *, name: str | None, route: str, seconds: float
) -> None:
    level = logging.WARNING if response.status_code in REFUSALS else logging.INFO
    logger.log(
        level,
        "api call key=%s %s %s %d %.1f ms from %s",
        json.dumps(name, ensure_ascii=False),
        request.method,
        route,
        response.status_code,
        seconds * 1000,
        address_of(request) or "?",
    )


@lru_cache(maxsize=256)
def readable(route: str) -> str:
    """A route as people write it: `messages/{id}`. It names no row, so there are only so many."""
    path = simplify_regex(route).strip("/?").removeprefix(PREFIX.strip("/")).strip("/")
    return re.sub(r"<(\w+)>", lambda match: "{id}" if match[1] == "pk" else f"{{{match[1]}}}", path)[
        :LONGEST_ROUTE
    ]
