"""Browsers in which an account has logged in before: a signed cookie, until the password changes.

While somebody guesses an account's password from all over the world, its owner still gets in where they
always do (OWASP: "Slow Down Online Guessing Attacks with Device Cookies").
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

KEPT = timedelta(days=180)
# Accounts that one browser is known by; of more, the earliest is forgotten.
_MOST = 5
_SALT = "cvgorod_hub.staff.login.known"


def is_known(request: HttpRequest, account: User) -> bool:
    mark = _marks(request).get(str(account.pk), "")
    return constant_time_compare(mark, _mark(account))


def remember(response: HttpResponseBase, request: HttpRequest, account: User) -> None:
    others = {key: mark for key, mark in _marks(request).items() if key != str(account.pk)}
    marks = {**dict(list(others.items())[1 - _MOST :]), str(account.pk): _mark(account)}
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        signing.dumps(marks, salt=_SALT),
        max_age=KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _marks(request: HttpRequest) -> dict[str, str]:
    text = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    try:
        marks: dict[str, str] = signing.loads(text, salt=_SALT, max_age=KEPT)
    except signing.BadSignature:
        return {}
    return marks


def _mark(account: User) -> str:
    """Another one after each change of the password."""
    return salted_hmac(_SALT, f"{account.pk}:{account.password}", algorithm="sha256").hexdigest()[:32]
