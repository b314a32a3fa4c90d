import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, models, transaction
from django.utils import timezone

from sandbox.actors import Actor
from sandbox.errors import (
    ChatClosedError,
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


def test_what_a_proposal_does_not_say_is_as_the_models_have_it(agent: Actor) -> None:
    later = timezone.now() + timedelta(days=1)
    proposal = Proposal(
        chat_id=ChatFactory().pk,
        text="Есть.",
        context="Спросили о пионах",
        reply_to_message_id=7,
        scheduled_at=later,
        expires_at=later + timedelta(hours=1),
    )

    propose(proposal=proposal, actor=agent, idempotency_key="k")

    response = PendingResponse.objects.get()
    assert (response.context, response.reply_to_message_id) == ("Спросили о пионах", 7)
    assert (response.scheduled_at, response.expires_at) == (later, later + timedelta(hours=1))
    said = {
        *("id", "chat_id", "client_name", "response_text", "original_text", "context", "reply_to_message_id"),
        *("requested_by", "requested_by_key_id", "idempotency_key", "request_hash", "scheduled_at"),
        *("expires_at", "created_at", "anchor_snapshot"),
    }
    assert unsaid(response, said) == unsaid(PendingResponse(), said)
    event, said = response.events.get(), {"id", "response_id", "kind", "actor_name", "actor_key_id"}
    said |= {"text_after", "created_at"}
    assert unsaid(event, said) == unsaid(ResponseEvent(), said)
    assert event.created_at == response.created_at


def unsaid(row: models.Model, said: set[str]) -> dict[str, object]:
    names = {field.attname for field in row._meta.concrete_fields} - said
    assert names
    # What the database fills in by itself is nothing to compare.
    return {name: getattr(row, name) for name in names if name != "erased_for"}


def test_a_draft_is_known_without_being_read_again(agent: Actor) -> None:
    proposals = [Proposal(chat_id=ChatFactory().pk, text=text) for text in ("а", "б")]
    drafts, _ = propose_batch(proposals=proposals, actor=agent)
    single = propose(proposal=proposals[0], actor=agent).response

    for draft in (*drafts, single):
        known = {name: value for name, value in vars(draft).items() if name != "_state"}
        stored = PendingResponse.objects.get(pk=draft.pk)
        assert known == {name: getattr(stored, name) for name in known}
        assert {"chat_id", "status", "version", "created_at", "batch_id"} <= known.keys()


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


def test_a_batch_with_one_chat_that_takes_none_stores_none(agent: Actor) -> None:
    chats = [ChatFactory(), ChatFactory(reply_mode="off"), ChatFactory(is_active=False)]

    with pytest.raises(ChatClosedError, match=str(chats[1].pk)):
        propose_batch(proposals=[Proposal(chat_id=chat.pk, text="Есть.") for chat in chats], actor=agent)
    assert not PendingResponse.objects.exists()
    assert not ResponseEvent.objects.exists()


def test_a_batch_s_log_is_in_its_order(agent: Actor) -> None:
    texts = [str(number) for number in range(40)]
    proposals = [Proposal(chat_id=ChatFactory().pk, text=text) for text in texts]

    drafts, _ = propose_batch(proposals=proposals, actor=agent, idempotency_key="k")
    again, created = propose_batch(proposals=proposals, actor=agent, idempotency_key="k")

    assert list(ResponseEvent.objects.order_by("id").values_list("text_after", flat=True)) == texts
    assert (created, again) == (False, drafts)
    assert PendingResponse.objects.filter(idempotency_key="k").get() == drafts[0]


@committed
def test_a_key_met_within_a_transaction_does_not_break_it(agent: Actor) -> None:
    proposal = Proposal(chat_id=ChatFactory().pk, text="Есть.")

    def second() -> tuple[bool, int, int]:
        try:
            with transaction.atomic():
                proposed = propose(proposal=proposal, actor=agent, idempotency_key="k")
                return proposed.created, proposed.response.pk, ResponseEvent.objects.count()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = propose(proposal=proposal, actor=agent, idempotency_key="k").response
            other = pool.submit(second)
            wait_until_somebody_waits_for_us()
        assert other.result(30) == (False, first.pk, 1)


def wait_until_somebody_waits_for_us() -> None:
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone() is not None:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits for this transaction")


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
