"""The admin under another path: everything moves with it, and nothing gives it away."""

import importlib
import re
from collections.abc import Iterator

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import clear_url_caches, get_urlconf, resolve, reverse, set_urlconf
from pytest_django import Settings

from cvgorod_hub import urls
from tests.admin.pages import drawn_pages
from tests.admin.rows import make_rows

pytestmark = pytest.mark.django_db
PATH = "office/side-door/"


@pytest.fixture
def moved(settings: Settings) -> Iterator[str]:
    settings.ADMIN_PATH = PATH
    _read_again()
    yield f"/{PATH}"
    settings.ADMIN_PATH = "admin/"
    _read_again()


def _read_again() -> None:
    importlib.reload(urls)
    clear_url_caches()
    set_urlconf(get_urlconf())


def test_no_page_links_to_where_the_admin_was(moved: str, admin_client: Client) -> None:
    pages = drawn_pages(make_rows())
    assert {page.path.startswith(moved) for page in pages} == {True}

    found = {}
    for page in pages:
        text = admin_client.get(page.path).content.decode()
        if links := re.findall(r'["\'(]/admin/[^"\')]*', text):
            found[page.name] = links

    assert found == {}


def test_a_stranger_is_sent_to_the_login_there_only_from_there(moved: str, client: Client) -> None:
    assert client.get(moved)["Location"] == f"{moved}login/?next={moved}"
    assert [client.get(path).status_code for path in ("/", "/admin/", "/admin/login/")] == [404] * 3


def test_nothing_that_strangers_may_read_names_it(moved: str, client: Client) -> None:
    for path in ("/", "/nowhere/", "/api/docs", "/api/schema", "/health/ready", "/api/v1/messages"):
        answer = client.get(path)
        assert "side-door" not in answer.content.decode() + str(answer.headers)


def test_where_it_usually_is_the_front_door_leads_to_it(client: Client) -> None:
    assert configured.ADMIN_PATH == "admin/"
    assert client.get("/")["Location"] == reverse("admin:index") == "/admin/"
    assert resolve("/admin/").url_name == "index"
