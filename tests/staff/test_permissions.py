import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User
from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    """With a permission of their own, and two groups that share some."""
    person = User.objects.create_user("manager", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_rawupdate"))
    for number in (1, 2):
        group = Group.objects.create(name=f"group {number}")
        group.permissions.add(*Permission.objects.filter(codename__in=["view_chat", f"view_group{number}"]))
        person.groups.add(group)
    Group.objects.create(name="others").permissions.add(Permission.objects.get(codename="add_user"))
    return person


def test_permissions_are_read_in_one_query(
    person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert person.has_perm("bots.view_rawupdate")
        assert person.has_perms(["messaging.view_chat", "bots.view_rawupdate"])
        assert not person.has_perm("auth.add_user")
        assert person.has_module_perms("messaging")
        assert not person.has_module_perms("sandbox")


@pytest.mark.parametrize("is_superuser", [True, False])
def test_they_are_those_of_django(person: User, is_superuser: bool) -> None:
    User.objects.filter(pk=person.pk).update(is_superuser=is_superuser)
    ours, theirs = User.objects.get(pk=person.pk), User.objects.get(pk=person.pk)

    assert ours.get_all_permissions() == ModelBackend().get_all_permissions(theirs)
    assert ours.get_all_permissions()


def test_nobody_inactive_or_unknown_may_do_anything(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False, is_superuser=True)

    assert User.objects.get(pk=person.pk).get_all_permissions() == set()
    assert not User.objects.get(pk=person.pk).has_perm("messaging.view_chat")


def test_an_object_has_no_permissions_of_its_own(person: User) -> None:
    assert not person.has_perm("messaging.view_chat", person)
