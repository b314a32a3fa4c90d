"""People as updates show them, and what their roles decide."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bots.models import TelegramBot
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates
from clients.models import RoleName, TelegramUser
from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import Scope
from messaging.models import Chat, Message
from tests.api.conftest import Caller
from tests.bots.realistic import BASIC, CLIENT, DATE, GROUP, JSON, MAILING_BOT, OTHER, message, update
from tests.factories import role

pytestmark = pytest.mark.django_db

BOT_ID = 77


@pytest.fixture(autouse=True)
def bot() -> TelegramBot:
    return TelegramBot.objects.create(id=BOT_ID)


@pytest.fixture
def reader() -> Caller:
    return Caller(create_key(name="reader", scopes=[Scope.READ])[1])


def say(number: int, text: str | None = "Роза есть?", kind: str = "message", **fields: Any) -> None:
    content = message(**{"message_id": number, "text": text, "date": DATE + number, **fields})
    store_updates(bot_id=BOT_ID, raw=[update(number, kind, content)])
    parse_waiting_updates()


def give_role(browser: Client, person: JSON, name: str) -> None:
    page = reverse("admin:clients_telegramuser_change", args=[person["id"]])
    assert browser.post(page, {"role": role(name).pk, "staff_account": ""}).status_code == 302


def names() -> dict[int, tuple[str, str, str]]:
    rows = TelegramUser.objects.values_list("pk", "first_name", "last_name", "username")
    return {pk: (first, last, username) for pk, first, last, username in rows}


@pytest.mark.parametrize(
    ("person", "expected"), [(CLIENT, RoleName.CLIENT), (MAILING_BOT, RoleName.BROADCAST_BOT)]
)
def test_somebody_new_has_the_role_of_their_kind(person: JSON, expected: str) -> None:
    say(1, **{"from": person})

    assert TelegramUser.objects.get().role.role_name == expected


def test_changed_names_follow_from_messages_and_edits() -> None:
    say(1)
    say(2, **{"from": {**CLIENT, "first_name": "Новое", "username": "new_name"}})
    assert names() == {CLIENT["id"]: ("Новое", "Ромашкина", "new_name")}

    married = {**CLIENT, "last_name": "Пионова"}
    del married["username"]
    say(1, "Розы есть?", "edited_message", **{"from": married}, date=DATE + 1, edit_date=DATE + 9)

    assert names() == {CLIENT["id"]: ("Тест", "Пионова", "")}


def test_an_edit_that_is_read_before_its_message_keeps_the_newer_name() -> None:
    say(9, "Розы есть?", "edited_message", **{"from": {**CLIENT, "first_name": "Новое"}}, edit_date=DATE + 60)
    say(9)

    assert names()[CLIENT["id"]][0] == "Новое"


def test_a_username_that_moves_to_another_person_moves_nothing_else(admin_client: Client) -> None:
    say(1)
    give_role(admin_client, CLIENT, RoleName.MANAGER)
    say(2, **{"from": {**OTHER, "username": CLIENT["username"]}})

    # People are known by their ids: the first keeps the name that Telegram last gave, until seen again.
    assert names() == {
        CLIENT["id"]: ("Тест", "Ромашкина", "test_client"),
        OTHER["id"]: ("Пример", "", "test_client"),
    }
    roles = dict(TelegramUser.objects.values_list("pk", "role__role_name"))
    assert roles == {CLIENT["id"]: RoleName.MANAGER, OTHER["id"]: RoleName.CLIENT}

    say(3, **{"from": {**CLIENT, "username": "another"}})
    assert names()[CLIENT["id"]][2] == "another"


def test_people_who_only_joined_are_named_in_the_event_but_are_nobody_here() -> None:
    say(1, **{"from": CLIENT, "text": None, "new_chat_members": [OTHER]})

    assert set(names()) == {CLIENT["id"]}
    assert Message.objects.get().media["members"] == [{"id": OTHER["id"], "name": "Пример"}]


def test_a_new_role_counts_at_once_for_who_waits_the_api_and_statistics(
    admin_client: Client, reader: Caller
) -> None:
    say(1)
    say(2, "Есть", **{"from": OTHER})
    assert len(reader.get("analytics/unanswered", hours=100_000).json()["results"]) == 1

    give_role(admin_client, OTHER, RoleName.MANAGER)

    assert reader.get("analytics/unanswered", hours=100_000).json()["results"] == []
    rows = reader.get("messages").json()["results"]
    assert [row["role"] for row in rows] == ["manager", "client"]
    by_role = reader.get("messages/stats/by-role").json()["by_role"]
    assert {row["role"]: row["message_count"] for row in by_role} == {"manager": 1, "client": 1}
    assert [row["id"] for row in reader.get("clients").json()["results"]] == [CLIENT["id"]]

    say(3, "А пионы?")
    say(4, "И пионы есть", **{"from": OTHER})
    assert Chat.objects.get().waiting_since is None


MOVED = {**GROUP, "id": -1002000000009}


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_new_role_counts_in_the_chat_that_goes_on(admin_client: Client, goes_on: bool) -> None:
    say(1, chat=BASIC)
    say(2, "Есть", chat=BASIC, **{"from": OTHER})
    say(3, text=None, chat=BASIC, migrate_to_chat_id=MOVED["id"])
    if goes_on:
        say(4, "Беру", chat=MOVED)
    since = Chat.objects.get(pk=MOVED["id"]).waiting_since
    assert since is not None
    assert since.timestamp() == DATE + 1

    give_role(admin_client, OTHER, RoleName.MANAGER)

    since = Chat.objects.get(pk=MOVED["id"]).waiting_since
    assert (since and since.timestamp()) == (DATE + 4 if goes_on else None)


def test_a_linked_account_and_a_given_role_outlast_new_names() -> None:
    say(1)
    account = User.objects.create_user("anna", is_staff=True)
    TelegramUser.objects.update(staff_account=account, role=role(RoleName.DIRECTOR))

    say(2, **{"from": {**CLIENT, "first_name": "Анна", "is_bot": True}})

    person = TelegramUser.objects.get()
    assert (person.first_name, person.staff_account, person.role.role_name) == ("Анна", account, "director")
