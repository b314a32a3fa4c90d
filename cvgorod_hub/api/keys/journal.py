"""Who used which key for what, counted. The call's line in the log is that of every request
(cvgorod_hub/watching/requests.py).
"""

import re
from collections.abc import Callable
from functools import lru_cache

from django.contrib.admindocs.views import simplify_regex
from django.http import HttpRequest, HttpResponseBase

from cvgorod_hub.api.authentication import KEY
from cvgorod_hub.api.keys.limits import tell_allowance
from cvgorod_hub.api.keys.usage import LONGEST_ROUTE, usage
from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.api.routers import PREFIX

# What callers invent beside these is one row of the table.
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class JournalMiddleware:
    """Notes each call below /api/v1/."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        response = self.get_response(request)
        note_call(request, response)
        return response


def note_call(request: HttpRequest, response: HttpResponseBase) -> None:
    """Count the call, and say what is left of the key's limit."""
    key: ApiKey | None = request.META.get(KEY)
    match = request.resolver_match
    method = request.method if request.method in _METHODS else "other"
    route = readable(match.route) if match else "?"
    if key is not None and key.pk is not None:
        tell_allowance(response, key)
        usage.note(key.pk, method, route, response.status_code)


@lru_cache(maxsize=256)
def readable(route: str) -> str:
    """A route as people write it: `messages/{id}`. It names no row, so there are only so many."""
    path = simplify_regex(route).strip("/?").removeprefix(PREFIX.strip("/")).strip("/")
    return re.sub(r"<(\w+)>", lambda match: "{id}" if match[1] == "pk" else f"{{{match[1]}}}", path)[
        :LONGEST_ROUTE
    ]
