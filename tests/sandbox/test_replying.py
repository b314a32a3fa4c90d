"""A person's own reply: guarded as an agent's words are, and in one step."""

import threading
import uuid
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from messaging.models import Chat, Message
from sandbox import replying, review
from sandbox.actors import Actor
from sandbox.delivery import deliver_one
from sandbox.errors import (
    ChatClosedError,
    ChatUnreachableError,
    FourEyesError,
    IdempotencyConflictError,
    InvalidTextError,
    ProposalsPausedError,
    StaleResponseError,
)
from sandbox.models import PendingResponse, ResponseEvent, SandboxSettings
from sandbox.proposals import Proposal, propose
from sandbox.querysets import current_snapshot
from sandbox.replying import Replied, reply
from tests.factories import ChatFactory, MessageFactory, ResponseFactory
from tests.fakes import FakeTransport
from tests.marks import committed

FORM = "2b8a8d2e-58a5-4a0e-9d5d-3f1f6a0b9c11"


@pytest.fixture
def chat(transactional_db: None) -> Chat:
    chat: Chat = ChatFactory(name="Магазин")
    MessageFactory(chat=chat, text="Есть роза?")
    return chat


@pytest.fixture
def anna(transactional_db: None) -> Actor:
    return Actor.from_user(User.objects.create_user("anna", first_name="Анна", is_staff=True))


def says(chat: Chat, actor: Actor, text: str = "Есть.", *, form: str = FORM, seen: str = "") -> Replied:
    return reply(chat_id=chat.pk, text=text, actor=actor, form_id=form, seen=seen or current_snapshot())


def client_writes(chat: Chat, text: str = "Уже не надо") -> Message:
    message: Message = MessageFactory(chat=chat, text=text, timestamp=timezone.now())
    return message


pytestmark = committed


def test_it_is_proposed_and_approved_by_its_author(chat: Chat, anna: Actor) -> None:
    replied = says(chat, anna, " Да,\r\nесть. ")

    response = PendingResponse.objects.get()
    assert (replied.created, replied.waits, replied.response) == (True, False, response)
    assert (response.status, response.response_text, response.version) == ("approved", "Да,\nесть.", 1)
    assert (response.requested_by, response.approved_by) == ("Анна", "Анна")
    assert (response.requested_by_user, response.requested_by_key) == (anna.user, None)
    kinds = ResponseEvent.objects.order_by("pk").values_list("kind", "actor_user")
    assert list(kinds) == [("proposed", anna.account_id), ("approved", anna.account_id)]


def test_it_goes_out_once_and_answers_what_it_is_meant_to(chat: Chat, anna: Actor) -> None:
    FakeTransport.reset()
    asked = Message.objects.get()
    reply(chat_id=chat.pk, text="Есть.", actor=anna, form_id=FORM, seen=current_snapshot(),
          reply_to_message_id=asked.telegram_message_id)  # fmt: skip

    assert deliver_one()
    assert not deliver_one()

    [sent] = FakeTransport.sent
    assert (sent.text, sent.reply_to_message_id) == ("Есть.", asked.telegram_message_id)
    assert Message.objects.filter(source="sent", text="Есть.").count() == 1


def test_the_same_form_twice_is_one_reply_also_after_it_went_out(chat: Chat, anna: Actor) -> None:
    first = says(chat, anna, seen=(seen := current_snapshot()))
    FakeTransport.reset()
    deliver_one()
    client_writes(chat)

    again = says(chat, anna, seen=seen)

    assert (again.created, again.response.pk) == (False, first.response.pk)
    assert PendingResponse.objects.get().status == "sent"
    assert not deliver_one()


def test_the_same_form_with_other_words_is_refused(chat: Chat, anna: Actor) -> None:
    says(chat, anna, "Есть.")

    with pytest.raises(IdempotencyConflictError):
        says(chat, anna, "Нет.")

    assert [row.response_text for row in PendingResponse.objects.all()] == ["Есть."]


def test_eight_clicks_at_once_are_one_reply(chat: Chat, anna: Actor) -> None:
    seen = current_snapshot()
    barrier, outcomes = threading.Barrier(8), []

    def click() -> None:
        barrier.wait()
        try:
            outcomes.append(says(chat, anna, seen=seen).created)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False] * 7 + [True]
    assert PendingResponse.objects.get().status == "approved"
    assert ResponseEvent.objects.count() == 2


def test_a_conversation_that_went_on_is_read_first(chat: Chat, anna: Actor) -> None:
    seen = current_snapshot()
    client_writes(chat)

    with pytest.raises(StaleResponseError):
        says(chat, anna, seen=seen)
    assert not PendingResponse.objects.exists()

    assert says(chat, anna, seen=current_snapshot()).created


def test_an_edit_since_the_page_was_read_counts_too(chat: Chat, anna: Actor) -> None:
    seen = current_snapshot()
    Message.objects.update(text="Есть роза 70?", edited_at=timezone.now())

    with pytest.raises(StaleResponseError):
        says(chat, anna, seen=seen)


def test_what_arrives_between_proposal_and_approval_takes_both_back(chat: Chat, anna: Actor) -> None:
    really = review.approve

    def approve_later(**arguments: object) -> PendingResponse:
        thread = threading.Thread(target=lambda: (client_writes(chat), connection.close()))
        thread.start()
        thread.join()
        return really(**arguments)  # type: ignore[arg-type]

    with patch.object(replying.review, "approve", approve_later), pytest.raises(StaleResponseError):
        says(chat, anna)

    assert not PendingResponse.objects.exists()
    assert not ResponseEvent.objects.exists()


def test_ones_own_reply_going_out_meanwhile_does_not_hold_back_the_next(chat: Chat, anna: Actor) -> None:
    seen = current_snapshot()
    says(chat, anna, "Есть.", seen=seen)
    FakeTransport.reset()
    deliver_one()

    assert says(chat, anna, "Привезём в пятницу.", form=str(uuid.uuid4()), seen=seen).created


def test_a_colleagues_reply_meanwhile_does(chat: Chat, anna: Actor) -> None:
    boris = Actor.from_user(User.objects.create_user("boris", is_staff=True))
    seen = current_snapshot()
    says(chat, boris, "Нет.", seen=seen)
    FakeTransport.reset()
    deliver_one()

    with pytest.raises(StaleResponseError):
        says(chat, anna, "Есть.", seen=seen)


def test_under_four_eyes_it_waits_for_somebody_else(chat: Chat, anna: Actor) -> None:
    SandboxSettings.objects.update_or_create(pk=1, defaults={"four_eyes": True})
    boris = Actor.from_user(User.objects.create_user("boris", is_staff=True))

    replied = says(chat, anna)

    assert (replied.waits, PendingResponse.objects.get().status) == (True, "pending")
    with pytest.raises(FourEyesError, match=r"\S"):
        review.approve(response_id=replied.response.pk, actor=anna)
    assert review.approve(response_id=replied.response.pk, actor=boris).status == "approved"


def test_where_the_bot_cannot_write_nothing_is_stored(chat: Chat, anna: Actor) -> None:
    Chat.objects.update(is_active=False, unreachable_reason="kicked")

    with pytest.raises(ChatUnreachableError):
        says(chat, anna)

    assert not PendingResponse.objects.exists()


def test_what_stops_the_agent_does_not_stop_people(chat: Chat, anna: Actor) -> None:
    Chat.objects.update(reply_mode="off")
    SandboxSettings.objects.update_or_create(pk=1, defaults={"is_paused": True})

    assert says(chat, anna).response.status == "approved"
    agents = Proposal(chat_id=chat.pk, text="Да.")
    with pytest.raises(ProposalsPausedError):
        propose(proposal=agents, actor=Actor(name="agent"))
    SandboxSettings.objects.update(is_paused=False)
    with pytest.raises(ChatClosedError):
        propose(proposal=agents, actor=Actor(name="agent"))


@pytest.mark.parametrize("text", ["", " \n", "а" * 4097, "a\x00b"])
def test_a_text_that_cannot_be_sent_is_refused(chat: Chat, anna: Actor, text: str) -> None:
    with pytest.raises(InvalidTextError):
        says(chat, anna, text)
    assert not PendingResponse.objects.exists()


def test_a_program_replies_by_proposing(chat: Chat) -> None:
    with pytest.raises(TypeError):
        says(chat, Actor(name="agent"))


def test_a_name_longer_than_the_column_is_cut(chat: Chat) -> None:
    user = User.objects.create_user("u", first_name="А" * 75, last_name="Б" * 75, is_staff=True)

    assert len(says(chat, Actor.from_user(user)).response.requested_by) == 100


def test_a_reply_to_a_group_that_moved_goes_where_it_goes_on(chat: Chat, anna: Actor) -> None:
    moved = ChatFactory()
    Chat.objects.filter(pk=chat.pk).update(migrated_to=moved)

    assert says(chat, anna).response.chat_id == moved.pk


def test_a_persons_reply_makes_an_agents_draft_stale(chat: Chat, anna: Actor) -> None:
    draft = ResponseFactory(chat=chat)
    says(chat, anna)
    FakeTransport.reset()
    deliver_one()

    assert PendingResponse.objects.with_staleness().get(pk=draft.pk).is_stale
