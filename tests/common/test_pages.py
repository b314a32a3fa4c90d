"""What only pages need is carried by pages alone."""

import pytest
from django.contrib.auth.models import User
from django.core import checks
from django.core.checks.registry import registry
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from cvgorod_hub.common import pages
from cvgorod_hub.common.pages import is_for_programs


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/messages", True),
        ("/api/docs", False),  # a page, for people who write programs
        ("/api/schema", True),
        ("/health/live", True),
        ("/telegram/webhook", True),
        ("/", False),
        ("/admin/", False),
        ("/apiary/", False),
        ("/admin/api/apikey/", False),
    ],
)
def test_knows_programs_by_their_paths(path: str, *, expected: bool) -> None:
    request = HttpRequest()
    request.path_info = path

    assert is_for_programs(request) is expected


@pytest.mark.django_db
def test_a_call_of_the_api_carries_nothing_of_a_page(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)

    answer = client.get("/api/v1/messages")

    assert answer.status_code == 401  # an account of the admin is no key
    request = answer.wsgi_request
    assert [name for name in ("session", "_messages", "csrf_processing_done") if hasattr(request, name)] == []
    assert not answer.cookies
    assert "X-Frame-Options" not in answer
    assert "Cookie" not in answer.get("Vary", "")


def test_a_call_with_a_foreign_cookie_needs_no_form(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32

    assert client.post("/api/v1/send").status_code == 401


@pytest.mark.django_db
def test_a_page_has_all_of_it(admin_client: Client) -> None:
    answer = admin_client.get("/admin/")

    request = answer.wsgi_request
    assert [name for name in ("session", "user", "_messages") if not hasattr(request, name)] == []
    assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_a_form_needs_its_token(admin_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)

    assert client.post("/admin/logout/").status_code == 403
    assert "_auth_user_id" in client.session


def test_djangos_checks_find_what_the_admin_needs() -> None:
    """They look for the middleware by Django's own classes."""
    found = [
        problem
        for check in registry.get_checks()
        if check.__module__ == "django.contrib.admin.checks"
        for problem in check(app_configs=None)
    ]

    assert found == []


def test_djangos_checks_miss_what_is_taken_away(settings: Settings) -> None:
    settings.MIDDLEWARE = [
        name
        for name in settings.MIDDLEWARE
        if name != f"{pages.__name__}.{pages.AuthenticationMiddleware.__name__}"
    ]

    found = checks.run_checks(tags=[checks.Tags.admin])

    assert "admin.E408" in [problem.id for problem in found]
