import threading

import pytest
from django.db import connection

from sandbox.actors import Actor
from sandbox.errors import (
    ChatNotFoundError,
    ChatUnreachableError,
    IdempotencyConflictError,
    InvalidTextError,
)
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.proposals import Proposal, propose, propose_batch
from tests.factories import ChatFactory
from tests.marks import committed

pytestmark = pytest.mark.django_db


def test_a_proposal_waits_for_review_with_the_agents_words(agent: Actor) -> None:
    chat = ChatFactory(name="Магазин")

    proposed = propose(proposal=Proposal(chat_id=chat.pk, text=" Есть.\r\nПривезём \n"), actor=agent)

    response = PendingResponse.objects.get()
    assert proposed.created
    assert proposed.response == response
    assert (response.status, response.version) == ("pending", 1)
    assert response.response_text == response.original_text == "Есть.\nПривезём"
    assert (response.client_name, response.requested_by) == ("Магазин", "agent")
    event = response.events.get()
    assert (event.kind, event.actor_key, event.text_after) == ("proposed", agent.key, "Есть.\nПривезём")


@pytest.mark.parametrize("text", ["", "  \n", "а" * 4097, "a\x00b", "a\ud800b", "\u200b \ufeff\u2060"])
def test_a_text_that_cannot_be_sent_is_refused(agent: Actor, text: str) -> None:
    chat = ChatFactory()

    with pytest.raises(InvalidTextError):
        propose(proposal=Proposal(chat_id=chat.pk, text=text), actor=agent)
    assert not PendingResponse.objects.exists()


def test_the_longest_text_counts_characters_as_telegram_does(agent: Actor) -> None:
    chat = ChatFactory()

    proposed = propose(proposal=Proposal(chat_id=chat.pk, text="🌷" * 4096), actor=agent)

    assert len(proposed.response.response_text) == 4096


def test_a_chat_nobody_knows_is_refused(agent: Actor) -> None:
    with pytest.raises(ChatNotFoundError, match="-404"):
        propose(proposal=Proposal(chat_id=-404, text="Есть."), actor=agent)


def test_a_chat_that_removed_the_bot_is_refused(agent: Actor) -> None:
    chat = ChatFactory(is_active=False)

    with pytest.raises(ChatUnreachableError):
        propose(proposal=Proposal(chat_id=chat.pk, text="Есть."), actor=agent)


def test_a_proposal_follows_a_group_to_its_supergroup(agent: Actor) -> None:
    new = ChatFactory()
    old = ChatFactory(migrated_to=new)

    proposal = Proposal(chat_id=old.pk, text="Есть.", reply_to_message_id=12)
    response = propose(proposal=proposal, actor=agent).response

    # The number 12 is another message there.
    assert (response.chat, response.reply_to_message_id) == (new, None)


def test_the_same_idempotency_key_finds_the_same_draft(agent: Actor) -> None:
    proposal = Proposal(chat_id=ChatFactory().pk, text="Есть.")
    first = propose(proposal=proposal, actor=agent, idempotency_key="k")

    second = propose(proposal=proposal, actor=agent, idempotency_key="k")

    assert (second.created, second.response) == (False, first.response)
    assert ResponseEvent.objects.count() == 1


def test_an_idempotency_key_used_for_something_else_is_refused(agent: Actor) -> None:
    chat = ChatFactory()
    propose(proposal=Proposal(chat_id=chat.pk, text="Есть."), actor=agent, idempotency_key="k")

    with pytest.raises(IdempotencyConflictError):
        propose(proposal=Proposal(chat_id=chat.pk, text="Нет."), actor=agent, idempotency_key="k")


def test_a_key_of_one_reply_is_no_key_of_a_batch_of_one(agent: Actor) -> None:
    """Its answer names a batch, and there is none."""
    proposal = Proposal(chat_id=ChatFactory().pk, text="Есть.")
    propose(proposal=proposal, actor=agent, idempotency_key="k")

    with pytest.raises(IdempotencyConflictError):
        propose_batch(proposals=[proposal], actor=agent, idempotency_key="k")


def test_a_batch_with_one_bad_proposal_stores_none(agent: Actor) -> None:
    chat = ChatFactory()

    with pytest.raises(InvalidTextError):
        propose_batch(
            proposals=[Proposal(chat_id=chat.pk, text="Есть."), Proposal(chat_id=chat.pk, text=" ")],
            actor=agent,
        )
    assert not PendingResponse.objects.exists()


def test_a_batch_keeps_its_order(agent: Actor) -> None:
    chat = ChatFactory()

    responses, created = propose_batch(
        proposals=[Proposal(chat_id=chat.pk, text=text) for text in ("а", "б", "в")], actor=agent
    )

    assert created
    assert [(response.response_text, response.send_order) for response in responses] == [
        ("а", 0),
        ("б", 1),
        ("в", 2),
    ]
    assert len({response.batch_id for response in responses}) == 1
    assert ResponseEvent.objects.filter(kind="proposed").count() == 3


@committed
def test_the_same_key_at_the_same_moment_makes_one_draft(agent: Actor) -> None:
    proposal = Proposal(chat_id=ChatFactory().pk, text="Есть.")
    barrier, ids = threading.Barrier(8), []

    def post() -> None:
        barrier.wait()
        ids.append(propose(proposal=proposal, actor=agent, idempotency_key="k").response.pk)
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 8
    assert set(ids) == {PendingResponse.objects.get().pk}


@committed
def test_what_a_proposal_asks_is_not_planned_anew(agent: Actor) -> None:
    chats = ChatFactory.create_batch(300)
    connection.close()  # what is prepared belongs to a connection
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chats")
        # More than let PostgreSQL weigh its general plan against those for one value.
        for number, chat in enumerate(chats[:15]):
            propose(proposal=Proposal(chat_id=chat.pk, text="Да"), actor=agent, idempotency_key=str(number))
        cursor.execute("SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements")
        plans = {statement: (custom, general) for statement, custom, general in cursor.fetchall()}

    [asked] = [counts for statement, counts in plans.items() if "sandbox_settings" in statement]
    assert asked == (5, 5)
