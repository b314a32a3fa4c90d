"""What pages need and programs do not: sessions, forms, accounts, messages, frames.

A call of the API spends more time in these than in its own code, and has no use for any of them. The names
are Django's, so that its checks find what the admin needs.
"""

from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseForbidden
from django.middleware import clickjacking, csrf
from django.utils.deprecation import MiddlewareMixin

FOR_PROGRAMS = ("/api/", "/health/", "/telegram/")


def is_for_programs(request: HttpRequest) -> bool:
    return request.path_info.startswith(FOR_PROGRAMS)


class PagesOnly(MiddlewareMixin):
    """Steps aside where a program calls."""

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401  (as its base says)
        return self.get_response(request) if is_for_programs(request) else super().__call__(request)


class SessionMiddleware(PagesOnly, sessions.SessionMiddleware):
    pass


class CsrfViewMiddleware(PagesOnly, csrf.CsrfViewMiddleware):
    """What is called with a key, and by Telegram with its secret, is exempt anyhow."""

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponseForbidden | None:
        return None if is_for_programs(request) else super().process_view(request, *view)


class AuthenticationMiddleware(PagesOnly, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    pass


class XFrameOptionsMiddleware(PagesOnly, clickjacking.XFrameOptionsMiddleware):
    pass
