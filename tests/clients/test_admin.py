"""Who may link a person in Telegram to which account of the admin."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from clients.models import TelegramUser
from tests.factories import PersonFactory
from tests.sandbox.staff import member

pytestmark = pytest.mark.django_db


def choose(browser: Client, person: TelegramUser, account: User | None) -> User | None:
    """What stands there after the page was posted."""
    page = reverse("admin:clients_telegramuser_change", args=[person.pk])
    assert browser.get(page).status_code == 200
    browser.post(page, {"role": person.role_id, "staff_account": account.pk if account else ""})
    person.refresh_from_db()
    return person.staff_account


def test_a_manager_links_the_own_account() -> None:
    browser = member("Менеджеры")
    manager = User.objects.get(username="Менеджеры")

    assert choose(browser, PersonFactory(), manager) == manager


def test_a_manager_takes_nobody_elses_rights_or_name() -> None:
    browser = member("Менеджеры")
    director = User.objects.create_user("director", is_staff=True)

    assert choose(browser, PersonFactory(), director) is None


def test_a_manager_leaves_what_others_linked() -> None:
    browser = member("Менеджеры")
    director = User.objects.create_user("director", is_staff=True)
    person = PersonFactory(staff_account=director)

    assert choose(browser, person, None) == director
    assert choose(browser, person, User.objects.get(username="Менеджеры")) == director


def test_an_administrator_links_anybody() -> None:
    browser = member("Администраторы")
    director = User.objects.create_user("director", is_staff=True)

    assert choose(browser, PersonFactory(), director) == director
