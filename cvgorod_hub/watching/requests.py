"""Each request: its id, its share in what is counted, and its line in the log.

    request method=POST view=send-list status=201 ms=12.4 key="agent" account=null from=203.0.113.7

Never what was asked for (search words are people's words), never a path (it holds numbers of chats).
"""

import logging
from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from cvgorod_hub.api.authentication import KEY
from cvgorod_hub.api.keys.callers import address_of
from cvgorod_hub.api.keys.usage import REFUSALS
from cvgorod_hub.watching.context import HEADER, about, request_id_from
from cvgorod_hub.watching.logs import Name
from cvgorod_hub.watching.tallies import tallies

logger = logging.getLogger(__name__)

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What callers invent beside these is one more.
_METHODS = _READING | {"POST", "PUT", "PATCH", "DELETE"}
# What machines ask every few seconds, and what comes with each page, is no event as long as it is served.
_UNEVENTFUL = frozenset({"health-live", "health-ready", "metrics", "static"})


class WatchMiddleware:
    """The first of all, so that its milliseconds are the caller's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        request_id = request_id_from(request.META.get("HTTP_X_REQUEST_ID"))
        before = about.set({"request_id": request_id})
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            note(request, response, seconds=perf_counter() - began)
        finally:
            about.reset(before)
        return response


def note(request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
    view, status = view_of(request), response.status_code
    method = request.method if request.method in _METHODS else "other"
    tallies.note("requests", (view, method, f"{status // 100}xx"), of=(view,), seconds=seconds)
    is_read = method in _READING and status < 500 and status not in REFUSALS
    if is_read and (not settings.LOGS_READS or (view in _UNEVENTFUL and status < 400)):
        return
    _log(request, method, view, status, seconds)


def view_of(request: HttpRequest) -> str:
    """What was asked for by its name in the URL conf, of which there are only so many."""
    if (match := request.resolver_match) is not None:
        return match.view_name
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "unknown"


def _log(request: HttpRequest, method: str, view: str, status: int, seconds: float) -> None:
    key = request.META.get(KEY)
    # Where nothing has asked who it is, the log does not ask the database for it.
    account = getattr(request, "_cached_user", None)
    logger.log(
        _level(status),
        "request method=%s view=%s status=%d ms=%.1f key=%s account=%s from=%s",
        method,
        view,
        status,
        round(seconds * 1000, 1),
        Name(None if key is None else key.name),
        Name(None if account is None else account.get_username()),
        address_of(request) or "?",
    )


def _level(status: int) -> int:
    if status >= 500:
        return logging.ERROR
    return logging.WARNING if status in REFUSALS else logging.INFO
