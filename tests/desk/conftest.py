"""Managers' browsers, in English."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import translation

Browser = Callable[..., Client]


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser(db: None) -> Browser:
    """The browser of somebody in this group (or with these permissions and no group)."""

    def open_browser(group: str = "", *, permissions: tuple[str, ...] = (), name: str = "anna") -> Client:
        user = User.objects.create_user(name, is_staff=True, first_name=name.capitalize())
        if group:
            user.groups.add(Group.objects.get(name=group))
        for permission in permissions:
            room, codename = permission.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=room, codename=codename))
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return client

    return open_browser


@pytest.fixture
def manager(browser: Browser) -> Client:
    return browser("Менеджеры")
