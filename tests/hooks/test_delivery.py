"""Events reach endpoints: at least once, in order, without hammering; real HTTP and real commits."""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from cvgorod_hub.api.hooks import delivery as delivering
from cvgorod_hub.api.hooks.delivery import LEASE, resume, send_again, send_test, serve
from cvgorod_hub.api.hooks.events import PING
from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.posting import Answer
from cvgorod_hub.api.hooks.schedule import JITTER, MOST_ATTEMPTS, PAUSED_AFTER, PAUSES
from cvgorod_hub.api.hooks.signing import secret_of
from cvgorod_hub.api.hooks.tasks import deliver_webhooks
from cvgorod_hub.api.hooks.troubles import Trouble
from cvgorod_hub.api.keys import create_key
from tests.hooks.conftest import write_down
from tests.hooks.receiver import Receiver, Reply
from tests.marks import committed

pytestmark = committed

MakeEndpoint = Callable[..., WebhookEndpoint]
State = WebhookDelivery.State


def serve_now(endpoint: WebhookEndpoint) -> int:
    return serve(endpoint.pk, until=time.monotonic() + 30)


def let_time_pass(endpoint: WebhookEndpoint, passed: timedelta) -> None:
    """As if everything had happened so much earlier."""
    for model, columns in {
        WebhookEndpoint: ("retry_at", "failing_since", "leased_until"),
        WebhookDelivery: ("next_attempt_at",),
    }.items():
        for column in columns:
            with connection.cursor() as cursor:
                table = model._meta.db_table
                cursor.execute(f"UPDATE {table} SET {column} = {column} - %s", [passed])  # noqa: S608
    endpoint.refresh_from_db()


def test_a_delivery_as_its_receiver_sees_it(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoint = make_endpoint()
    delivery = write_down(endpoint, 7)
    receiver.script = [Reply(status=200, body=b"<b>thanks</b>")]

    assert deliver_webhooks() == 1

    [received] = receiver.received
    received.verify(secret_of(endpoint.seed))
    assert received.event == {
        "type": "draft.sent",
        "timestamp": received.event["timestamp"],
        "data": {"number": 7},
    }
    assert received.body.decode() == delivery.payload
    assert received.event_id == str(delivery.event_id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == (State.DELIVERED, 1, None)
    attempt = delivery.tries.get()
    assert (attempt.status_code, attempt.trouble, attempt.answer) == (200, "", "<b>thanks</b>")
    assert attempt.duration_ms is not None
    endpoint.refresh_from_db()
    assert endpoint.leased_by is None
    assert endpoint.last_success_at is not None


def test_everything_goes_out_once_and_in_order(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoint = make_endpoint()
    for number in range(12):
        write_down(endpoint, number)

    assert deliver_webhooks() == 12
    assert deliver_webhooks() == 0

    assert [received.event["data"]["number"] for received in receiver.received] == list(range(12))


def test_each_pause_is_longer_and_the_last_one_gives_up(
    make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint()
    delivery = write_down(endpoint)
    receiver.script = [Reply(status=500, body=b"sorry") for _ in range(MOST_ATTEMPTS)]

    for number, pause in enumerate(PAUSES, start=1):
        assert serve_now(endpoint) == 1
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (State.PENDING, number)
        assert delivery.next_attempt_at is not None
        ahead = delivery.next_attempt_at - timezone.now()
        assert pause - timedelta(seconds=5) < ahead < pause * (1 + JITTER)
        assert serve_now(endpoint) == 0
        # The endpoint fails for less than it takes to be paused.
        let_time_pass(endpoint, pause * (1 + JITTER))
        WebhookEndpoint.objects.update(failing_since=timezone.now())

    assert serve_now(endpoint) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.next_attempt_at) == (State.FAILED, None)
    assert delivery.tries.count() == MOST_ATTEMPTS == len(receiver.received)
    assert {received.event_id for received in receiver.received} == {str(delivery.event_id)}
    assert set(delivery.tries.values_list("status_code", "trouble", "answer")) == {
        (500, Trouble.STATUS, "sorry")
    }


def test_a_failing_endpoint_gets_one_probe_and_then_the_rest(
    make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint()
    for number in range(5):
        write_down(endpoint, number)
    receiver.script = [Reply(status=503), Reply(status=503)]

    assert serve_now(endpoint) == 1
    assert serve_now(endpoint) == 0
    let_time_pass(endpoint, PAUSES[0] * (1 + JITTER))
    assert serve_now(endpoint) == 1
    assert serve_now(endpoint) == 0
    let_time_pass(endpoint, PAUSES[1] * (1 + JITTER))
    assert serve_now(endpoint) == 5

    endpoint.refresh_from_db()
    assert (endpoint.strikes, endpoint.failing_since, endpoint.retry_at) == (0, None, None)
    assert WebhookDelivery.objects.filter(state=State.DELIVERED).count() == 5


def test_an_event_that_is_always_refused_does_not_hold_back_the_others(
    make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint()
    poison, *others = [write_down(endpoint, number) for number in range(3)]
    receiver.script = [Reply(status=422)]
    serve_now(endpoint)

    WebhookEndpoint.objects.update(retry_at=Now())  # the endpoint's own pause is over before the event's
    assert serve_now(endpoint) == 2

    assert {received.event["data"]["number"] for received in receiver.received[1:]} == {1, 2}
    poison.refresh_from_db()
    assert poison.state == State.PENDING
    assert {WebhookDelivery.objects.get(pk=other.pk).state for other in others} == {State.DELIVERED}


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept(make_endpoint: MakeEndpoint, receiver: Receiver, status: int) -> None:
    endpoint = make_endpoint()
    delivery = write_down(endpoint)
    receiver.script = [Reply(status=status, headers={"Retry-After": "240"})]

    serve_now(endpoint)

    delivery.refresh_from_db()
    endpoint.refresh_from_db()
    for moment in (delivery.next_attempt_at, endpoint.retry_at):
        assert moment is not None
        assert timedelta(seconds=230) < moment - timezone.now() <= timedelta(seconds=240)


def test_gone_pauses_at_once_and_a_person_resumes(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoint = make_endpoint()
    first, second = write_down(endpoint), write_down(endpoint)
    receiver.script = [Reply(status=410)]

    assert serve_now(endpoint) == 1

    endpoint.refresh_from_db()
    assert (endpoint.paused_because, endpoint.paused_at is not None) == (Trouble.GONE, True)
    let_time_pass(endpoint, timedelta(hours=1))
    assert serve_now(endpoint) == 0
    third = write_down(endpoint)
    assert resume([endpoint.pk]) == 1
    assert serve_now(endpoint) == 3
    assert {row.state for row in WebhookDelivery.objects.filter(pk__in=[first.pk, second.pk, third.pk])} == {
        State.DELIVERED
    }


def test_three_days_of_failures_pause_the_endpoint(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoint = make_endpoint(strikes=9, failing_since=timezone.now() - PAUSED_AFTER)
    write_down(endpoint)
    receiver.script = [Reply(status=500)]

    serve_now(endpoint)

    endpoint.refresh_from_db()
    assert endpoint.paused_because == Trouble.FAILING


def test_a_lost_secret_pauses_and_posts_nothing(
    make_endpoint: MakeEndpoint, receiver: Receiver, settings: Settings
) -> None:
    endpoint = make_endpoint()
    write_down(endpoint)
    settings.SECRET_KEY = "another"

    serve_now(endpoint)

    endpoint.refresh_from_db()
    assert endpoint.paused_because == Trouble.SECRET_LOST
    assert receiver.received == []


def test_redirects_and_private_addresses_are_failures_that_say_so(
    make_endpoint: MakeEndpoint, receiver: Receiver, settings: Settings
) -> None:
    redirecting = make_endpoint(name="redirecting")
    private = make_endpoint(name="private")
    for endpoint in (redirecting, private):
        write_down(endpoint)
    receiver.script = [Reply(status=302, headers={"Location": receiver.url})]

    serve_now(redirecting)
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    serve_now(private)

    rows = WebhookAttempt.objects.order_by("pk").values_list("status_code", "trouble", "detail")
    assert list(rows) == [(302, Trouble.REDIRECT, ""), (None, Trouble.PRIVATE, "127.0.0.1")]
    assert len(receiver.received) == 1


def test_two_workers_never_post_the_same_delivery(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoints = [make_endpoint(name=f"agent {number}") for number in range(3)]
    for endpoint in endpoints:
        for number in range(10):
            write_down(endpoint, number)
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        for endpoint in endpoints:
            serve_now(endpoint)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for endpoint in endpoints:  # what all four found taken
        serve_now(endpoint)

    ids = [(received.event_id) for received in receiver.received]
    assert len(ids) == len(set(ids)) == 30
    assert not WebhookDelivery.objects.exclude(state=State.DELIVERED).exists()


def test_a_killed_workers_delivery_goes_out_by_another_when_the_lease_ends(
    make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    """Killed between the committed claim and the POST: the attempt stays, without an outcome."""
    endpoint = make_endpoint()
    delivery = write_down(endpoint)
    delivering._begin(endpoint.pk, uuid.uuid4())

    let_time_pass(endpoint, LEASE - timedelta(seconds=5))
    assert serve_now(endpoint) == 0
    let_time_pass(endpoint, timedelta(seconds=5))
    assert serve_now(endpoint) == 1

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.DELIVERED, 2)
    cut_off, arrived = delivery.tries.all()
    assert (cut_off.duration_ms, cut_off.status_code, arrived.status_code) == (None, None, 204)
    assert len(receiver.received) == 1


def test_what_kills_each_worker_is_given_up(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoint = make_endpoint()
    delivery = write_down(endpoint)
    WebhookDelivery.objects.update(attempts=MOST_ATTEMPTS)

    assert serve_now(endpoint) == 0

    delivery.refresh_from_db()
    assert delivery.state == State.FAILED
    assert receiver.received == []


def test_a_slow_endpoint_holds_nobody_back(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    with Receiver() as slow:
        released = threading.Event()
        slow.script = [Reply(before=lambda: released.wait(20) and None)]
        write_down(make_endpoint(name="slow", url=slow.url))
        quick = make_endpoint(name="quick")
        for number in range(3):
            write_down(quick, number)
        receiver.script = [Reply(), Reply(), Reply(before=released.set)]

        assert deliver_webhooks() == 4

    assert released.is_set()
    assert not WebhookDelivery.objects.exclude(state=State.DELIVERED).exists()


def test_no_network_call_stands_in_a_transaction(
    make_endpoint: MakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = make_endpoint()
    write_down(endpoint)
    seen: list[bool] = []
    post = delivering.post

    def watched(*args: Any, **options: Any) -> Answer:
        seen.append(connection.in_atomic_block)
        return post(*args, **options)

    monkeypatch.setattr(delivering, "post", watched)
    serve_now(endpoint)

    assert seen == [False]


def test_an_endpoint_that_is_not_in_use_gets_nothing(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    key, _text = create_key(name="agent", scopes=["propose"])
    off, revoked = make_endpoint(name="off"), make_endpoint(name="revoked", key=key)
    for endpoint in (off, revoked):
        write_down(endpoint)
    WebhookEndpoint.objects.filter(pk=off.pk).update(is_active=False)
    type(key).objects.update(revoked_at=timezone.now())

    assert deliver_webhooks() == 0

    assert receiver.received == []


def test_sending_again_keeps_the_event_id_and_the_earlier_attempts(
    make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint(strikes=3, retry_at=timezone.now() + timedelta(hours=1))
    delivery = write_down(endpoint)
    WebhookDelivery.objects.update(state=State.FAILED, attempts=8, next_attempt_at=None)
    WebhookAttempt.objects.create(delivery=delivery, began_at=timezone.now(), trouble=Trouble.TIMEOUT)

    assert send_again([delivery.pk]) == 1
    assert serve_now(endpoint) == 1

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.tries.count()) == (State.DELIVERED, 1, 2)
    assert send_again([delivery.pk]) == 1
    assert serve_now(endpoint) == 1
    assert {received.event_id for received in receiver.received} == {str(delivery.event_id)}
    assert len(receiver.received) == 2


def test_a_test_event_is_sent_now_and_once(make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoint = make_endpoint()
    receiver.script = [Reply(status=500, body=b"not yet")]

    attempt = send_test(endpoint)

    assert (attempt.status_code, attempt.answer) == (500, "not yet")
    assert receiver.received[0].event["type"] == PING
    assert WebhookDelivery.objects.get().state == State.FAILED
    endpoint.refresh_from_db()
    assert (endpoint.strikes, endpoint.retry_at) == (0, None)
    assert send_test(endpoint).is_success


def meanwhile(work: Callable[[], object]) -> Callable[[], None]:
    """What somebody else does while the receiver has not answered yet."""

    def run() -> None:
        work()
        connection.close()

    return run


@pytest.mark.parametrize("status", [204, 410, 500])
def test_an_endpoint_deleted_while_it_answers_is_no_error(
    make_endpoint: MakeEndpoint, receiver: Receiver, status: int
) -> None:
    endpoint = make_endpoint()
    write_down(endpoint)
    receiver.script = [Reply(status=status, before=meanwhile(WebhookEndpoint.objects.all().delete))]

    assert serve_now(endpoint) == 1

    assert not WebhookDelivery.objects.exists()
    assert not WebhookAttempt.objects.exists()


@pytest.mark.parametrize("status", [410, 500])
def test_what_an_old_address_says_is_not_held_against_the_new_one(
    make_endpoint: MakeEndpoint, receiver: Receiver, status: int
) -> None:
    endpoint, new_url = make_endpoint(), f"{receiver.url}/new"
    delivery = write_down(endpoint)
    move = WebhookEndpoint.objects.filter(pk=endpoint.pk).update
    receiver.script = [Reply(status=status, before=meanwhile(lambda: move(url=new_url)))]

    serve_now(endpoint)

    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.strikes, endpoint.paused_at, endpoint.retry_at) == (new_url, 0, None, None)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries.get().status_code) == (State.PENDING, status)


def test_an_answer_to_words_that_were_erased_meanwhile_is_not_kept(
    make_endpoint: MakeEndpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may quote them."""
    endpoint = make_endpoint()
    delivery = write_down(endpoint, 7)
    receiver.script = [Reply(status=200, body=b"thanks for 7")]
    post = delivering.post

    def erased_meanwhile(*args: Any, **options: Any) -> Answer:
        answer = post(*args, **options)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(payload="{}")
        return answer

    monkeypatch.setattr(delivering, "post", erased_meanwhile)

    serve_now(endpoint)

    attempt = WebhookAttempt.objects.get()
    assert (attempt.status_code, attempt.answer) == (200, "")
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED
