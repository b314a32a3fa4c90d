from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from clients.models import RoleName
from messaging.models import Chat, Message
from tests.api.conftest import Caller, in_json
from tests.factories import NOW, ChatFactory, ManagerFactory, MessageFactory, PersonFactory, role


def ids(answer: HttpResponse) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_clients_are_people_of_that_role(reader: Caller) -> None:
    person = PersonFactory(
        username="buyer", first_name="Проба", last_name="Тестова", first_seen=NOW - timedelta(days=9)
    )
    ManagerFactory()
    MessageFactory.create_batch(3, user=person)

    assert reader.get("clients").json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": person.pk,
                "username": "buyer",
                "first_name": "Проба",
                "last_name": "Тестова",
                "role": "client",
                "first_seen": "2026-11-13T09:00:00+00:00",
                "last_seen": "2026-11-22T09:00:00+00:00",
                "messages_count": 3,
            }
        ],
    }


def test_clients_with_staff(reader: Caller) -> None:
    client, manager = PersonFactory(), ManagerFactory()

    assert ids(reader.get("clients", include_staff="true")) == [manager.pk, client.pk]
    assert ids(reader.get("clients", include_staff="false")) == [client.pk]


def test_clients_in_order(reader: Caller) -> None:
    old = PersonFactory(first_seen=NOW - timedelta(days=2), last_seen=NOW)
    new = PersonFactory(first_seen=NOW, last_seen=NOW - timedelta(hours=1))

    assert ids(reader.get("clients")) == [new.pk, old.pk]
    assert ids(reader.get("clients", ordering="newest")) == [new.pk, old.pk]
    assert ids(reader.get("clients", ordering="active")) == [old.pk, new.pk]


@pytest.mark.parametrize("search", ["проб", "ТЕСТ", "проба тест", "тест проба", "@buyer", "buyer"])
def test_clients_are_found_by_name(reader: Caller, search: str) -> None:
    person = PersonFactory(username="buyer", first_name="Проба", last_name="Тестова")
    PersonFactory(first_name="Проба", last_name="Иная", username="else")

    found = ids(reader.get("clients", search=search))

    assert person.pk in found
    assert (len(found) == 1) == (search != "проб")


@pytest.mark.parametrize("search", ["%", "_", "\\", "a%b"])
def test_a_pattern_in_a_name_is_plain_text(reader: Caller, search: str) -> None:
    PersonFactory(username="buyer", first_name="Проба")

    assert ids(reader.get("clients", search=search)) == []


def test_one_person(reader: Caller) -> None:
    manager = ManagerFactory()

    body = reader.get(f"clients/{manager.pk}").json()

    assert (body["id"], body["role"], body["messages_count"]) == (manager.pk, "manager", 0)
    assert reader.get("clients/77").status_code == 404


def test_active_clients(reader: Caller) -> None:
    recent = timezone.now() - timedelta(days=3)
    busy = PersonFactory()
    MessageFactory.create_batch(2, user=busy, timestamp=recent)
    MessageFactory(user=ManagerFactory(), timestamp=recent)
    MessageFactory(timestamp=timezone.now() - timedelta(days=8))

    assert reader.get("clients/stats/active").json() == {"active_clients": 1, "days": 7}
    assert reader.get("clients/stats/active", days=2).json() == {"active_clients": 0, "days": 2}
    assert reader.get("clients/stats/active", days=9).json() == {"active_clients": 2, "days": 9}


def chat_row(chat: Chat) -> dict[str, object]:
    return {
        "id": chat.pk,
        "name": "Магазин «Ромашка»",
        "chat_type": "supergroup",
        "folder": "Север",
        "is_active": True,
        "members_count": 7,
        "customer_ref": "КА-00003484",
        "migrated_to": None,
        "last_message_at": "2026-11-22T09:00:00+00:00",
        "waiting_since": "2026-11-22T08:00:00+00:00",
        "created_at": in_json(chat.created_at),
    }


def test_chats(reader: Caller) -> None:
    chat = ChatFactory(
        name="Магазин «Ромашка»",
        folder="Север",
        members_count=7,
        customer_ref="КА-00003484",
        last_message_at=NOW,
        waiting_since=NOW - timedelta(hours=1),
    )

    assert reader.get("chats").json() == {"next": None, "previous": None, "results": [chat_row(chat)]}
    assert reader.get(f"chats/{chat.pk}").json() == chat_row(chat)
    assert reader.get("chats/-5").status_code == 404


def test_a_chat_that_moved_names_its_successor(reader: Caller) -> None:
    successor = ChatFactory()
    moved = ChatFactory(migrated_to=successor)

    assert reader.get(f"chats/{moved.pk}").json()["migrated_to"] == successor.pk


def test_chats_filtered_and_ordered(reader: Caller) -> None:
    silent = ChatFactory(name="Тихая")
    busy = ChatFactory(name="Бойкая", last_message_at=timezone.now() + timedelta(hours=1), waiting_since=NOW)
    closed = ChatFactory(name="Закрытая", chat_type=Chat.Type.GROUP, is_active=False)

    assert ids(reader.get("chats")) == [closed.pk, busy.pk, silent.pk]
    assert ids(reader.get("chats", ordering="active")) == [busy.pk, closed.pk, silent.pk]
    assert ids(reader.get("chats", search="бойк")) == [busy.pk]
    assert ids(reader.get("chats", waiting="true")) == [busy.pk]
    assert ids(reader.get("chats", waiting="false")) == [closed.pk, silent.pk]
    assert ids(reader.get("chats", is_active="false")) == [closed.pk]
    assert ids(reader.get("chats", chat_type="group")) == [closed.pk]


def test_participants(reader: Caller) -> None:
    chat = ChatFactory()
    client = PersonFactory(id=1, username="buyer", first_name="Проба", last_name="Тестова")
    manager = ManagerFactory(id=2)
    MessageFactory(user=client, chat=chat, timestamp=NOW)
    MessageFactory(user=client, chat=chat, timestamp=NOW + timedelta(hours=1))
    MessageFactory(user=client, timestamp=NOW + timedelta(hours=5))
    MessageFactory(user=manager, chat=chat)
    MessageFactory(user=None, chat=chat)
    PersonFactory()

    answer = reader.get(f"chats/{chat.pk}/participants")

    assert ids(answer) == [manager.pk, client.pk]
    assert answer.json()["results"][1] == {
        "id": 1,
        "username": "buyer",
        "first_name": "Проба",
        "last_name": "Тестова",
        "role": "client",
        "messages_count": 2,
        "last_message_at": "2026-11-22T10:00:00+00:00",
    }
    first = reader.get(f"chats/{chat.pk}/participants", limit=1).json()
    assert ids(reader.follow(first["next"])) == [client.pk]
    assert reader.get("chats/-5/participants").status_code == 404


def test_unanswered(reader: Caller) -> None:
    now = timezone.now().replace(microsecond=0)
    chat = ChatFactory(
        name="Ромашка", waiting_since=now - timedelta(hours=3), last_message_at=now - timedelta(hours=1)
    )
    bot = PersonFactory(role=role(RoleName.BROADCAST_BOT))
    MessageFactory(chat=chat, user=bot, timestamp=chat.waiting_since, text="Рассылка")
    first = MessageFactory(chat=chat, timestamp=chat.waiting_since, text="Ау?")
    MessageFactory(chat=chat, timestamp=now - timedelta(hours=1), text="Вы где?")
    fresh = ChatFactory(waiting_since=now - timedelta(hours=1))
    MessageFactory(
        chat=fresh, timestamp=fresh.waiting_since, text="", transcript="Алло", message_type=Message.Type.VOICE
    )
    ChatFactory(waiting_since=None)
    ChatFactory(waiting_since=now - timedelta(hours=30))

    rows = reader.get("analytics/unanswered").json()["results"]

    assert [row["chat_id"] for row in rows] == [chat.pk, fresh.pk]
    assert rows[0] == {
        "chat_id": chat.pk,
        "chat_name": "Ромашка",
        "waiting_since": in_json(chat.waiting_since),
        "last_message_at": in_json(chat.last_message_at),
        "message_id": first.pk,
        "text": "Ау?",
        "transcript": "",
        "message_type": "text",
    }
    assert (rows[1]["text"], rows[1]["transcript"], rows[1]["message_type"]) == ("", "Алло", "voice")
    assert len(reader.get("analytics/unanswered", hours=48).json()["results"]) == 3
    assert len(reader.get("analytics/unanswered", hours=2).json()["results"]) == 1
