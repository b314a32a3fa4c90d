"""What each answer tells the browser that it may do."""

import pytest
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition(" ") for part in text.split("; "))}


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/messaging/message/", "/nowhere/", "/"])
def test_every_page_says_what_it_may_do(admin_client: Client, path: str) -> None:
    answer = admin_client.get(path)

    assert policy(answer["Content-Security-Policy"]) == POLICY
    assert {name: answer[name] for name in (
        "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
        "Permissions-Policy",
    )} == {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": (
            "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), usb=()"
        ),
    }  # fmt: skip


def test_the_page_about_the_api_makes_no_code_of_texts(client: Client) -> None:
    answer = client.get("/api/docs")

    assert policy(answer["Content-Security-Policy"]) == {**POLICY, "script-src": "'self'"}
    assert answer["X-Frame-Options"] == "DENY"
    assert "<script>" not in answer.content.decode()


def redirected(path: str, **headers: str) -> bool:
    request = RequestFactory().get(path, **headers)
    return SecurityMiddleware(lambda _request: HttpResponse())(request).status_code == 301


def test_behind_a_proxy_pages_go_to_https_and_programs_of_the_network_do_not(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    assert [redirected(path) for path in ("/", reverse("admin:index"), "/api/docs", "/apiary/")] == [True] * 4
    programs = ("/api/v1/messages", "/api/schema", "/health/ready", "/metrics", "/telegram/webhook/1")
    assert [redirected(path) for path in programs] == [False] * 5
    assert not redirected("/", HTTP_X_FORWARDED_PROTO="https")
