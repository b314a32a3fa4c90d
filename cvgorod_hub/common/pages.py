"""What pages need and programs do not: sessions, forms, accounts, messages, what a page may do.

A call of the API spends more time in these than in its own code, and has no use for any of them. The names
are Django's, so that its checks find what the admin needs.
"""

from typing import Any

from csp import middleware as csp
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseForbidden
from django.middleware import clickjacking, csrf
from django.utils.deprecation import MiddlewareMixin
from django_permissions_policy import PermissionsPolicyMiddleware as _PermissionsPolicyMiddleware

FOR_PROGRAMS = ("/api/", "/health/", "/telegram/", "/metrics")
# A page among them, for people who write programs.
DOCS = "/api/docs"


def is_for_programs(request: HttpRequest) -> bool:
    path = request.path_info
    return path.startswith(FOR_PROGRAMS) and not path.startswith(DOCS)


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


class CSPMiddleware(PagesOnly, csp.CSPMiddleware):
    pass


class PermissionsPolicyMiddleware(_PermissionsPolicyMiddleware):
    """Its base is no MiddlewareMixin, and says one constant header."""

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401  (as its base says)
        return self.get_response(request) if is_for_programs(request) else super().__call__(request)
