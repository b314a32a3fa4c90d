"""A view of the admin asked as one account, without drawing the page: who may is all that is asked for."""

from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.cache import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.test import RequestFactory
from django.urls import resolve

NOTHING: Mapping[str, object] = {}


def ask(user: User | AnonymousUser, method: str, path: str, posted: Mapping[str, object] = NOTHING) -> int:
    """The status of the answer; what the view wrote is taken back."""
    factory = RequestFactory()
    request = factory.post(path, posted) if method == "POST" else factory.get(path)
    request.user = user
    request.session = SessionStore()
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    request.resolver_match = route = resolve(request.path_info)
    with transaction.atomic():
        try:
            answer = route.func(request, *route.args, **route.kwargs)
            if answer.streaming:
                list(answer)  # to its end, which closes its file
        except PermissionDenied:
            return 403
        except Http404:
            return 404
        finally:
            transaction.set_rollback(True)
    return int(answer.status_code)
