"""Who may do what in the admin is what tests/admin/access.py says, no more and no less."""

from collections.abc import Iterator, Mapping

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from pytest_django import DjangoDbBlocker
from unfold.admin import ModelAdmin

from tests.admin import access
from tests.admin.asking import NOTHING, ask
from tests.admin.pages import QUERIES, address, routes
from tests.admin.rows import Rows, make_rows

pytestmark = pytest.mark.django_db

ROUTES = access.table(access.ROUTES)
ACTIONS = access.table(access.ACTIONS)
SEARCHES = access.table(access.SEARCHES)
# 409: correcting without saying what.
SERVED, REFUSED, NOT_SERVED = {200, 302, 409}, {403, 404}, 405
# Where a post that says nothing is answered by "not found".
POSTED: dict[str, Mapping[str, object]] = {"intents_reclassification_start": {"by": "patterns"}}
# Whoever has no account opens these.
OPEN = {"login"}


class World:
    """Rows to look at, and an account in each group."""

    def __init__(self) -> None:
        self.rows: Rows = make_rows()
        self.accounts = {letter: _account(letter, name) for letter, name in access.GROUPS.items()}

    def who_may(self, method: str, path: str, posted: Mapping[str, object] = NOTHING) -> str:
        """The letters of those who are not refused; "-" for nobody."""
        answers = {letter: ask(user, method, path, posted) for letter, user in self.accounts.items()}
        assert set(answers.values()) <= {*SERVED, *REFUSED, NOT_SERVED}
        return "".join(letter for letter, status in answers.items() if status in SERVED) or "-"


def _account(name: str, group: str | None) -> User:
    account = User.objects.create_user(name, is_staff=True)
    if group is not None:
        account.groups.add(Group.objects.get(name=group))
    return account


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once: nothing that is asked here stays."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def test_every_route_stands_in_the_table() -> None:
    assert {f"admin:{name}" for name in ROUTES} == set(routes())


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_is_for_those_in_the_table(world: World, name: str) -> None:
    path = address(f"admin:{name}", world.rows)

    assert [world.who_may("GET", path), world.who_may("POST", path, POSTED.get(name, NOTHING))] == ROUTES[
        name
    ]
    strangers = {ask(AnonymousUser(), "GET", path), ask(AnonymousUser(), "POST", path)}
    assert strangers <= ({200} if name in OPEN else {302, NOT_SERVED})


def registered_actions() -> dict[str, tuple[ModelAdmin, str]]:
    """What each list offers for ticked rows: `app.model.action`."""
    found = {}
    for model, model_admin in admin.site._registry.items():
        for _function, name, _words in model_admin._get_base_actions():
            found[f"{model._meta.label_lower}.{name}"] = (model_admin, name)
    return found


def test_every_action_stands_in_the_table() -> None:
    assert set(ACTIONS) == set(registered_actions())


@pytest.mark.parametrize("key", ACTIONS)
def test_an_action_is_carried_out_by_those_in_the_table(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_admin, name = registered_actions()[key]
    carried_out: list[str] = []
    watched = _watched(model_admin, name, carried_out)
    monkeypatch.setattr(model_admin, "_get_base_actions", lambda: [watched])
    path = reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
    posted = {"action": name, "_selected_action": world.rows[model_admin.model].pk, "index": 0}

    world.who_may("POST", path, posted)

    assert carried_out == list(ACTIONS[key][0].replace("-", ""))


def _watched(model_admin: ModelAdmin, name: str, carried_out: list[str]) -> tuple[object, str, str]:
    """The action as the list has it, whose work is to note who had it done."""
    function, _name, words = next(each for each in model_admin._get_base_actions() if each[1] == name)

    def note(_admin: ModelAdmin, request: HttpRequest, _rows: object) -> None:
        carried_out.append(request.user.get_username())

    note.__dict__.update(function.__dict__)
    return note, name, words


def registered_searches() -> set[str]:
    """The fields that are searched as one types: `app.model.field`."""
    return {
        f"{model._meta.label_lower}.{field}"
        for model, model_admin in admin.site._registry.items()
        for field in model_admin.autocomplete_fields
    }


def test_every_searched_field_stands_in_the_table() -> None:
    assert set(SEARCHES) == registered_searches()


@pytest.mark.parametrize("key", SEARCHES)
def test_a_field_is_searched_by_those_in_the_table(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = dict(zip(("app_label", "model_name", "field_name"), key.split("."), strict=True))
    monkeypatch.setitem(QUERIES, "admin:autocomplete", names)

    assert world.who_may("GET", address("admin:autocomplete", world.rows)) == SEARCHES[key][0]


def test_administrators_may_do_what_a_superuser_may() -> None:
    """Groups are given rights by migrations: a new model whose migration forgot them is found here."""
    models = {(model._meta.app_label, model._meta.model_name) for model in admin.site._registry}
    group = Group.objects.get(name=access.GROUPS["A"])
    held = set(group.permissions.values_list("content_type__app_label", "content_type__model", "codename"))

    assert {(app, model) for app, model in models if (app, model, f"view_{model}") not in held} == set()
