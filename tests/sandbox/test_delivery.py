import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from messaging.models import Message
from sandbox import delivery, review
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.transport import Outcome, TransportError
from tests.factories import ChatFactory, ResponseFactory
from tests.fakes import BOT_ID, FakeTransport, Sent
from tests.marks import committed

pytestmark = pytest.mark.django_db


def approved(**fields: object) -> PendingResponse:
    return ResponseFactory(status="approved", approved_at=timezone.now(), **fields)


def deliver_all() -> int:
    """How many attempts there were until nothing more was due."""
    attempts = 0
    while delivery.deliver_one():
        attempts += 1
    return attempts


def kinds(response: PendingResponse) -> list[str]:
    return list(response.events.values_list("kind", flat=True))


def test_a_delivered_reply_stands_in_the_history(transport: type[FakeTransport]) -> None:
    response = approved(reply_to_message_id=12)

    assert delivery.deliver_one()

    assert transport.sent == [Sent(response.chat_id, "Да, роза есть, 95 рублей.", 12)]
    response.refresh_from_db()
    assert (response.status, response.telegram_message_id, response.attempts) == ("sent", 900_001, 1)
    assert kinds(response) == ["claimed", "sent"]
    message = Message.objects.get(chat=response.chat)
    assert (message.telegram_message_id, message.text) == (900_001, "Да, роза есть, 95 рублей.")
    assert (message.source, message.user_id, message.reply_to_message_id) == ("sent", BOT_ID, 12)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "pending"},
        {"status": "rejected"},
        {"status": "sending"},
        {"status": "unknown"},
        {"scheduled_at": timezone.now() + timedelta(hours=1)},
        {"retry_at": timezone.now() + timedelta(hours=1)},
    ],
)
def test_what_is_not_due_is_not_sent(fields: dict[str, object], transport: type[FakeTransport]) -> None:
    ResponseFactory(**{"status": "approved", "approved_at": timezone.now(), **fields})

    assert not delivery.deliver_one()
    assert transport.sent == []


def test_a_refused_message_fails_for_good(transport: type[FakeTransport]) -> None:
    transport.failures = [TransportError("chat not found", outcome=Outcome.REFUSED)]
    response = approved()

    delivery.deliver_one()

    response.refresh_from_db()
    assert (response.status, response.last_error) == ("failed", "chat not found")
    assert not delivery.deliver_one()


def test_a_chat_that_removed_the_bot_is_marked(transport: type[FakeTransport]) -> None:
    transport.failures = [TransportError("kicked", outcome=Outcome.REFUSED, chat_unreachable=True)]
    response = approved()

    delivery.deliver_one()

    response.chat.refresh_from_db()
    assert not response.chat.is_active


def test_what_certainly_was_not_sent_waits_as_long_as_telegram_asks(transport: type[FakeTransport]) -> None:
    transport.failures = [TransportError("429", outcome=Outcome.NOT_SENT, retry_after=7)]
    response = approved()
    before = timezone.now()

    delivery.deliver_one()

    response.refresh_from_db()
    assert response.status == "approved"
    assert response.retry_at is not None
    assert timedelta(seconds=7) <= response.retry_at - before < timedelta(seconds=9)
    assert not delivery.deliver_one()


def test_a_doubtful_send_is_never_repeated_by_the_hub(transport: type[FakeTransport]) -> None:
    transport.failures = [TransportError("timeout", outcome=Outcome.UNKNOWN)]
    response = approved()

    deliver_all()
    deliver_all()

    response.refresh_from_db()
    assert (response.status, transport.sent) == ("unknown", [])


def test_a_migrated_group_is_followed_once_and_sent_to(transport: type[FakeTransport]) -> None:
    transport.failures = [TransportError("migrated", outcome=Outcome.NOT_SENT, migrated_to=-100777)]
    response = approved(chat=ChatFactory(id=-777))

    assert deliver_all() == 2

    assert [sent.chat_id for sent in transport.sent] == [-100777]
    response.refresh_from_db()
    assert (response.status, response.chat.migrated_to_id) == ("sent", -100777)
    assert Message.objects.get().chat_id == -100777


def test_in_a_migrated_group_no_reply_points_at_a_message_of_the_old_one(
    transport: type[FakeTransport],
) -> None:
    """Message ids begin anew there: the same number is another message, or none."""
    transport.failures = [TransportError("migrated", outcome=Outcome.NOT_SENT, migrated_to=-100777)]
    approved(chat=ChatFactory(id=-777), reply_to_message_id=12)

    deliver_all()

    assert [(sent.chat_id, sent.reply_to_message_id) for sent in transport.sent] == [(-100777, None)]
    assert Message.objects.get().reply_to_message_id is None


def test_a_send_whose_process_died_becomes_unknown_and_only_then() -> None:
    died = ResponseFactory(status="sending", claimed_at=timezone.now() - timedelta(minutes=5))
    running = ResponseFactory(status="sending", claimed_at=timezone.now())

    assert delivery.settle_interrupted() == 1

    died.refresh_from_db()
    running.refresh_from_db()
    assert (died.status, running.status) == ("unknown", "sending")


def test_an_answer_that_comes_after_all_is_believed(transport: type[FakeTransport]) -> None:
    response = approved()

    def swept_meanwhile() -> None:
        PendingResponse.objects.filter(pk=response.pk).update(status="unknown")

    transport.before_answer = staticmethod(swept_meanwhile)
    delivery.deliver_one()

    response.refresh_from_db()
    assert (response.status, response.telegram_message_id) == ("sent", 900_001)


def test_an_answer_to_an_older_attempt_does_not_overwrite_a_person(transport: type[FakeTransport]) -> None:
    response = approved()

    def marked_sent_meanwhile() -> None:
        PendingResponse.objects.filter(pk=response.pk).update(status="unknown")
        review.mark_sent(response_id=response.pk, actor=Actor(name="Анна"))

    transport.before_answer = staticmethod(marked_sent_meanwhile)
    delivery.deliver_one()

    response.refresh_from_db()
    assert (response.status, response.telegram_message_id) == ("sent", None)
    assert Message.objects.filter(chat=response.chat).count() == 1


def test_a_late_success_after_a_person_ordered_another_try_is_not_sent_again(
    transport: type[FakeTransport],
) -> None:
    response = approved()

    def retried_meanwhile() -> None:
        PendingResponse.objects.filter(pk=response.pk).update(status="unknown")
        review.retry(response_id=response.pk, actor=Actor(name="Анна"))

    transport.before_answer = staticmethod(retried_meanwhile)
    delivery.deliver_one()

    response.refresh_from_db()
    assert response.status == "sent"
    assert not delivery.deliver_one()
    assert len(transport.sent) == 1


def test_a_late_success_after_the_other_try_was_cancelled_is_believed(
    transport: type[FakeTransport],
) -> None:
    response = approved()

    def retried_and_cancelled_meanwhile() -> None:
        PendingResponse.objects.filter(pk=response.pk).update(status="unknown")
        review.retry(response_id=response.pk, actor=Actor(name="Анна"))
        review.cancel(response_id=response.pk, actor=Actor(name="Анна"))

    transport.before_answer = staticmethod(retried_and_cancelled_meanwhile)
    delivery.deliver_one()

    response.refresh_from_db()
    assert (response.status, response.telegram_message_id) == ("sent", 900_001)
    assert Message.objects.filter(chat=response.chat).count() == 1


def test_a_process_that_slept_after_its_claim_sends_nothing(
    transport: type[FakeTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    approved()
    real = delivery._claim

    def claim_and_sleep(response_id: int | None) -> PendingResponse | None:
        claimed = real(response_id)
        PendingResponse.objects.update(claimed_at=timezone.now() - timedelta(minutes=5))
        return claimed

    monkeypatch.setattr(delivery, "_claim", claim_and_sleep)
    delivery.deliver_one()

    assert transport.sent == []
    # The sweep was not here yet, so nobody has to ask whether it was sent.
    assert PendingResponse.objects.get().status == "approved"


def test_a_machine_whose_clock_is_ahead_takes_no_send_for_interrupted(
    transport: type[FakeTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    response = approved()
    states: list[str] = []

    def sweep_on_a_machine_that_is_ahead() -> None:
        with monkeypatch.context() as other:
            ahead = timezone.now() + timedelta(minutes=10)
            other.setattr(timezone, "now", lambda: ahead)
            delivery.settle_interrupted()
        response.refresh_from_db()
        states.append(response.status)

    transport.before_answer = staticmethod(sweep_on_a_machine_that_is_ahead)
    delivery.deliver_one()

    assert states == ["sending"]


def test_replies_go_out_in_the_order_of_their_approvals_whoever_s_clock_is_wrong(
    transport: type[FakeTransport], manager: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ChatFactory()
    first, second = (ResponseFactory(chat=chat, response_text=text) for text in ("first", "second"))
    with monkeypatch.context() as ahead:
        moment = timezone.now() + timedelta(minutes=1)
        ahead.setattr(timezone, "now", lambda: moment)
        review.approve(response_id=first.pk, actor=manager)
    review.approve(response_id=second.pk, actor=manager)

    deliver_all()

    assert [sent.text for sent in transport.sent] == ["first", "second"]


def test_a_telegram_that_moves_a_group_again_and_again_is_not_asked_without_a_pause(
    transport: type[FakeTransport],
) -> None:
    moved = TransportError("moved", outcome=Outcome.NOT_SENT, migrated_to=-100777)
    transport.failures = [moved] * 50
    approved(chat=ChatFactory(id=-777))

    assert deliver_all() == 2


def test_a_pause_that_no_calendar_holds_is_cut(transport: type[FakeTransport]) -> None:
    transport.failures = [TransportError("429", outcome=Outcome.NOT_SENT, retry_after=10**12)]
    response = approved()

    delivery.deliver_one()

    response.refresh_from_db()
    assert response.status == "approved"
    assert response.retry_at is not None
    assert response.retry_at - timezone.now() <= timedelta(days=1)


def test_a_refused_token_ends_the_sweep_at_the_first_reply(transport: type[FakeTransport]) -> None:
    refused = TransportError("401", outcome=Outcome.NOT_SENT, stop_all=True)
    transport.failures = [refused] * 10
    for _ in range(3):
        approved()

    assert not delivery.deliver_one()
    assert len(transport.failures) == 9
    assert set(PendingResponse.objects.values_list("status", flat=True)) == {"approved"}


@committed
def test_many_workers_send_each_reply_once(transport: type[FakeTransport]) -> None:
    replies = [approved() for _ in range(20)]
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        for reply in replies:
            delivery.deliver_one(response_id=reply.pk)
        while delivery.deliver_one():
            pass
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(transport.sent) == 20
    assert {sent.chat_id for sent in transport.sent} == {reply.chat_id for reply in replies}
    assert set(PendingResponse.objects.values_list("status", flat=True)) == {"sent"}


@committed
def test_an_outcome_outlives_the_connection_to_the_database(transport: type[FakeTransport]) -> None:
    """PostgreSQL restarted while Telegram was asked: what it answered is known only here."""
    response = approved()

    def end_this_connection() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [backend] = cursor.fetchone()

        def end() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
            connection.close()

        thread = threading.Thread(target=end)
        thread.start()
        thread.join()

    transport.before_answer = staticmethod(end_this_connection)
    assert delivery.deliver_one()

    response.refresh_from_db()
    assert (response.status, response.telegram_message_id) == ("sent", 900_001)


@committed
def test_the_claim_is_committed_before_anything_is_sent(transport: type[FakeTransport]) -> None:
    response = approved()
    seen: list[str] = []

    def look_from_another_connection() -> None:
        def look() -> None:
            seen.append(PendingResponse.objects.get(pk=response.pk).status)
            connection.close()

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    transport.before_answer = staticmethod(look_from_another_connection)
    delivery.deliver_one()

    assert seen == ["sending"]
