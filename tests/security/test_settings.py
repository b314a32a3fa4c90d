"""What the settings make of it: cookies, HTTPS, the admin's path; as processes of their own read them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from cvgorod_hub.middleware_check import check_protections
from tests.cvgorod_hub.running_hub import manage

GIVEN = {
    "DJANGO_SECRET_KEY": "Zq3vX8-plainly-invented-for-tests-0123456789-abcdefghijklmnop",
    "DATABASE_URL": "postgres://hub:secret-word@127.0.0.1:9/hub",
    "REDIS_URL": "redis://127.0.0.1:9/0",
}
PRODUCTION = {
    **GIVEN,
    "DJANGO_BEHIND_PROXY": "true",
    "DJANGO_ALLOWED_HOSTS": "hub.example.com",
    "DJANGO_CSRF_TRUSTED_ORIGINS": "https://hub.example.com",
    "HUB_PUBLIC_URL": "https://hub.example.com",
}
_SHOW = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in %r}))
"""


def values(folder: Path, environment: dict[str, str], *names: str) -> dict[str, Any]:
    done = manage(folder, "shell", "--no-imports", "--command", _SHOW % (names,), **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_deployment_checks_find_nothing_behind_a_proxy(folder: Path) -> None:
    done = manage(folder, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (3 silenced).\n"


def test_a_protection_that_is_taken_away_is_found(settings: Settings) -> None:
    assert check_protections() == []

    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "common.pages" not in name]

    assert [found.id for found in check_protections()] == ["hub.W001", "hub.W002", "hub.W003"]


NAMES = (
    "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "KNOWN_BROWSER_COOKIE_NAME", "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE", "SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_AGE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "ADMIN_PATH",
)  # fmt: skip


def test_behind_a_proxy_cookies_are_this_hosts_and_https_only(folder: Path) -> None:
    chosen = {"DJANGO_HSTS_SECONDS": "300", "STAFF_SESSION_HOURS": "8", "ADMIN_PATH": "/a/b"}

    assert values(folder, {**PRODUCTION, **chosen}, *NAMES) == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "KNOWN_BROWSER_COOKIE_NAME": "__Host-known",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "LANGUAGE_COOKIE_SECURE": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_AGE": 28_800,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 300,
        "ADMIN_PATH": "a/b/",
    }


def test_on_this_machine_plain_http_works(folder: Path) -> None:
    assert values(folder, GIVEN, *NAMES) == {
        "SESSION_COOKIE_NAME": "sessionid",
        "CSRF_COOKIE_NAME": "csrftoken",
        "KNOWN_BROWSER_COOKIE_NAME": "known",
        "SESSION_COOKIE_SECURE": False,
        "CSRF_COOKIE_SECURE": False,
        "LANGUAGE_COOKIE_SECURE": False,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_AGE": 604_800,
        "SECURE_SSL_REDIRECT": False,
        "SECURE_HSTS_SECONDS": 0,
        "ADMIN_PATH": "admin/",
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ADMIN_PATH", "api/secret", "ADMIN_PATH must not begin with api, health, "),
        ("ADMIN_PATH", "static", "ADMIN_PATH must not begin with "),
        ("ADMIN_PATH", "a//b", "ADMIN_PATH is not a path of letters, digits, - and _ "),
        ("ADMIN_PATH", "(?P<x>.*)", "ADMIN_PATH is not a path of letters, digits, - and _ "),
        ("DJANGO_HSTS_SECONDS", "a year", "DJANGO_HSTS_SECONDS is not a whole number from 0 to 63072000"),
        ("STAFF_SESSION_HOURS", "0", "STAFF_SESSION_HOURS is not a whole number from 1 to 8760"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    import importlib

    from django.core.exceptions import ImproperlyConfigured

    from cvgorod_hub.settings import security

    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=words.replace("(", r"\(")):
        importlib.reload(security)
    monkeypatch.undo()
    importlib.reload(security)
