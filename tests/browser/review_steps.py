"""What a person does on the review page, for the browser tests."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from sandbox.models import PendingResponse

PHONE = {"width": 390, "height": 844}


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def sign_in(page: Page, address: str, session: str) -> None:
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": urlsplit(address).hostname}
    page.context.add_cookies([{**cookie, "path": "/"}])  # type: ignore[list-item]  # a SetCookieParam


def open_reply(page: Page, address: str, response: PendingResponse) -> None:
    page.goto(f"{address}/admin/sandbox/pendingresponse/{response.pk}/change/")
    is_ready(page)


def is_ready(page: Page) -> None:
    """The page takes decisions: until a moment after it is shown it ignores them."""
    page.locator("#review-form[data-ready]").wait_for(state="attached")


def goes_on(page: Page, act: Callable[[], object]) -> None:
    """A decision that leads to another page; wait until that one takes decisions."""
    with page.expect_navigation():
        act()
    if page.locator("#review-form").count():
        is_ready(page)


def sees(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible()
