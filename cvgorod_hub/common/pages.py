"""What pages need and programs do not: sessions, forms, accounts, messages, frames.

A call of the API spends more time in these than in its own code, and has no use for any of them. The names
are Django's, so that its checks find what the admin needs.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware import clickjacking, csrf

FOR_PROGRAMS = ("/api/", "/health/", "/telegram/")


def is_for_programs(request: HttpRequest) -> bool:
    return request.path_info.startswith(FOR_PROGRAMS)


class PagesOnly:
    """Steps aside where a program calls."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_for_programs(request):
            return self.get_response(request)
        answer: HttpResponseBase = super().__call__(request)  # type: ignore[misc]  # of the middleware beside it
        return answer


class SessionMiddleware(PagesOnly, sessions.SessionMiddleware):
    pass


class CsrfViewMiddleware(PagesOnly, csrf.CsrfViewMiddleware):
    """What is called with a key, and by Telegram with its secret, is exempt anyhow."""

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:  # noqa: ANN401
        return None if is_for_programs(request) else super().process_view(request, *view)


class AuthenticationMiddleware(PagesOnly, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    pass


class XFrameOptionsMiddleware(PagesOnly, clickjacking.XFrameOptionsMiddleware):
    pass
