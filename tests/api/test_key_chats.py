"""A key that sees some chats only: the others do not exist for it."""

import pytest
from django.utils import timezone

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey
from messaging.chats import follow_migration
from messaging.models import Chat
from sandbox.models import PendingResponse, SandboxSettings
from tests.api.conftest import Caller
from tests.factories import ChatFactory, ResponseFactory

SCOPES = ["read", "propose", "review"]


@pytest.fixture
def chat(db: None) -> Chat:
    return ChatFactory()


def caller_for(*chats: Chat) -> Caller:
    return Caller(create_key(name="agent", scopes=SCOPES, chat_ids=[chat.pk for chat in chats])[1])


def test_an_empty_list_is_all_chats(chat: Chat) -> None:
    key, _text = create_key(name="agent", scopes=["read"])

    assert key.visible_chat_ids() is None
    assert key.sees_chat(chat.pk)


def test_proposes_in_its_chats_only(chat: Chat) -> None:
    other = ChatFactory()
    caller = caller_for(chat)

    inside = caller.post("send", {"chat_id": chat.pk, "text": "Да"})
    outside = caller.post("send", {"chat_id": other.pk, "text": "Да"})
    unknown = caller.post("send", {"chat_id": -5, "text": "Да"})

    assert [answer.status_code for answer in (inside, outside, unknown)] == [201, 404, 404]
    assert outside.json() == {"detail": f"There is no chat {other.pk}."}
    assert unknown.json() == {"detail": "There is no chat -5."}
    assert PendingResponse.objects.count() == 1


def test_a_batch_is_all_or_none(chat: Chat) -> None:
    other = ChatFactory()
    messages = [{"chat_id": each.pk, "text": "Да"} for each in (chat, other)]

    answer = caller_for(chat).post("send/batch", {"messages": messages})

    assert answer.status_code == 404
    assert answer.json() == {"detail": f"There is no chat {other.pk}."}
    assert not PendingResponse.objects.exists()


def test_a_pause_does_not_tell_a_hidden_chat_from_an_unknown_one(chat: Chat) -> None:
    SandboxSettings.objects.update_or_create(pk=1, defaults={"is_paused": True})
    caller, hidden = caller_for(chat), ChatFactory()

    answers = [caller.post("send", {"chat_id": each, "text": "Да"}) for each in (hidden.pk, -5)]

    assert answers[0].status_code == answers[1].status_code == 409
    assert answers[0].json() == answers[1].json()


def test_an_earlier_proposal_is_hidden_with_its_chat(chat: Chat) -> None:
    caller = caller_for(chat)
    body = {"chat_id": chat.pk, "text": "Да"}
    assert caller.post("send", body, **{"Idempotency-Key": "1"}).status_code == 201

    ApiKey.objects.update(chat_ids=[-5])

    assert caller.post("send", body, **{"Idempotency-Key": "1"}).status_code == 404


@pytest.mark.parametrize("decision", ["approve", "reject", "cancel", "retry", "mark-sent"])
def test_decides_in_its_chats_only(chat: Chat, decision: str) -> None:
    hidden = ResponseFactory()
    caller = caller_for(chat)

    answer = caller.post(f"sandbox/{hidden.pk}/{decision}")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no such reply."}
    hidden.refresh_from_db()
    assert (hidden.status, hidden.version) == (PendingResponse.Status.PENDING, 1)


def test_rejects_in_its_own_chat(chat: Chat) -> None:
    response = ResponseFactory(chat=chat, created_at=timezone.now())

    assert caller_for(chat).post(f"sandbox/{response.pk}/reject").status_code == 200


def test_follows_a_group_that_becomes_a_supergroup(chat: Chat) -> None:
    caller = caller_for(chat)
    create_key(name="everywhere", scopes=["read"])
    create_key(name="elsewhere", scopes=["read"], chat_ids=[-5])

    for _ in range(2):  # the second time changes nothing
        follow_migration(old_id=chat.pk, new_id=-1009)

    lists = dict(ApiKey.objects.values_list("name", "chat_ids"))
    assert lists == {"agent": [chat.pk, -1009], "everywhere": [], "elsewhere": [-5]}
    assert [
        caller.post("send", {"chat_id": each, "text": "Да"}).status_code for each in (chat.pk, -1009)
    ] == [201, 201]


def test_a_list_made_after_the_move_holds_both(chat: Chat) -> None:
    follow_migration(old_id=chat.pk, new_id=-1009)

    lists = [
        create_key(name=str(each), scopes=["read"], chat_ids=[each])[0].chat_ids for each in (chat.pk, -1009)
    ]

    assert [set(each) for each in lists] == [{chat.pk, -1009}] * 2
