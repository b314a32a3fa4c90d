"""A staff account and the person in Telegram who it is: one of each, searched for, with a history."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clients.linking import TakenError, find_people, link_person
from clients.models import RoleName, TelegramUser
from cvgorod_hub.templatetags.hub_history import what_changed
from tests.factories import ManagerFactory, PersonFactory, make, role
from tests.sandbox.staff import member

pytestmark = pytest.mark.django_db

PEOPLE = "admin:auth_user_people"


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", first_name="Анна", is_staff=True)


def save(browser: Client, account: User, person: TelegramUser | None) -> int:
    """Post the account's page with this person chosen; 302 is saved, 200 shows what is wrong."""
    fields = {
        "username": account.username,
        "first_name": account.first_name,
        "is_active": "on",
        "is_staff": "on",
        "telegram_person": person.pk if person else "",
    }
    return browser.post(reverse("admin:auth_user_change", args=[account.pk]), fields).status_code


def linked_to(account: User) -> TelegramUser | None:
    return TelegramUser.objects.filter(staff_account=account).first()


def history(row: User | TelegramUser) -> list[str]:
    entries = LogEntry.objects.filter(object_id=str(row.pk), content_type__model=row._meta.model_name)
    return [what_changed(entry) for entry in entries.order_by("pk")]


def test_the_page_links_and_both_histories_say_so(anna: User) -> None:
    browser, person = member("Администраторы"), ManagerFactory()

    assert save(browser, anna, person) == 302

    assert linked_to(anna) == person
    assert history(person) == ["Связь с учётной записью anna"]
    assert history(anna) == ["Изменено Человек в Telegram."]
    assert f'<option value="{person.pk}" selected>' in page_of(browser, anna)


def page_of(browser: Client, account: User) -> str:
    return browser.get(reverse("admin:auth_user_change", args=[account.pk])).content.decode()


def test_another_person_takes_the_place_of_the_first(anna: User) -> None:
    browser, first, second = member("Администраторы"), ManagerFactory(), ManagerFactory()
    save(browser, anna, first)

    assert save(browser, anna, second) == 302

    assert linked_to(anna) == second
    assert history(first)[-1] == "Связь с учётной записью anna снята"
    assert save(browser, anna, None) == 302
    assert linked_to(anna) is None


def test_nothing_is_noted_where_nothing_changes(anna: User) -> None:
    browser, person = member("Администраторы"), ManagerFactory()
    save(browser, anna, person)

    assert save(browser, anna, person) == 302

    assert history(person) == ["Связь с учётной записью anna"]


def test_a_person_of_another_account_is_refused_in_words(anna: User) -> None:
    browser, boris = member("Администраторы"), User.objects.create_user("boris", is_staff=True)
    person = ManagerFactory(staff_account=boris)

    assert save(browser, anna, person) == 200

    assert linked_to(boris) == person
    with pytest.raises(TakenError):
        link_person(account=anna, person=person)


def test_a_program_is_nobodys_account(anna: User) -> None:
    program = PersonFactory(role=role(RoleName.ASSISTANT_BOT))

    assert save(member("Администраторы"), anna, program) == 200
    assert linked_to(anna) is None


def test_the_search_shows_our_team_first_and_no_programs() -> None:
    client = PersonFactory(first_name="Анна", last_name="Клиентова")
    manager = ManagerFactory(first_name="Анна", last_name="Менеджерова")
    PersonFactory(first_name="Анна", role=role(RoleName.BROADCAST_BOT))

    assert list(find_people("анна", skip=0, limit=9)) == [manager, client]
    assert list(find_people(f"@{client.username}", skip=0, limit=9)) == [client]
    assert list(find_people(str(manager.pk), skip=0, limit=9)) == [manager]
    assert list(find_people("анна менедж", skip=0, limit=9)) == [manager]


def test_the_search_is_bounded_and_says_who_is_taken(
    anna: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make(PersonFactory, 25)
    taken = ManagerFactory(staff_account=anna)
    browser = member("Администраторы")

    with django_assert_max_num_queries(6):
        first = browser.get(reverse(PEOPLE)).json()
    second = browser.get(reverse(PEOPLE), {"page": "2", "term": "\x00" + " " * 500}).json()

    assert (len(first["results"]), first["pagination"]["more"]) == (20, True)
    assert first["results"][0] == {
        "id": str(taken.pk),
        "text": f"{taken.first_name} · @{taken.username} · Менеджер · уже связан с anna",
        "disabled": True,
    }
    assert (len(second["results"]), second["pagination"]["more"]) == (6, False)


def test_whoever_may_only_look_sees_the_person_and_changes_nothing(anna: User) -> None:
    person = ManagerFactory(staff_account=anna)
    browser = member("Наблюдатели")
    group = Group.objects.get(name="Наблюдатели")
    group.permissions.add(*group.permissions.model.objects.filter(codename="view_user"))

    assert person.first_name in page_of(browser, anna)
    assert save(browser, anna, None) == 403
    assert browser.get(reverse(PEOPLE)).status_code == 403


def test_the_list_of_accounts_says_who_is_who_in_a_fixed_number_of_queries(
    anna: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    person = ManagerFactory(staff_account=anna)
    for number in range(5):
        ManagerFactory(staff_account=User.objects.create_user(f"account{number}", is_staff=True))
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))

    with django_assert_max_num_queries(15):  # ten of them are the session, the badges and the hub's problems
        listed = browser.get(reverse("admin:auth_user_changelist")).content.decode()

    assert f"@{person.username}" in listed


def test_the_history_names_fields_in_the_readers_language(anna: User) -> None:
    browser = member("Администраторы")
    anna.first_name = "Аня"

    save(browser, anna, None)

    assert history(anna) == ["Изменено Имя."]
    assert "Изменено Имя." in browser.get(reverse("admin:auth_user_history", args=[anna.pk])).content.decode()


def test_permissions_are_named_in_the_readers_language(admin_client: Client) -> None:
    shown = admin_client.get(reverse("admin:auth_group_add")).content.decode()

    assert "Сообщения | чат | Просмотр" in shown
    assert "Песочница | ответ | Может одобрять и отклонять ответы" in shown
    assert "Can " not in shown
