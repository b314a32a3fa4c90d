"""Webhooks in the admin: made with a judged address, their secret shown once, tried, resumed, sent again."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.signing import secret_of
from cvgorod_hub.api.hooks.troubles import Trouble
from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey
from tests.hooks.conftest import write_down
from tests.hooks.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db

MakeEndpoint = Callable[..., WebhookEndpoint]
ENDPOINTS = "/admin/api/webhookendpoint/"
DELIVERIES = "/admin/api/webhookdelivery/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
State = WebhookDelivery.State


@pytest.fixture
def page(admin_client: Client) -> Client:
    admin_client.cookies["django_language"] = "en"
    return admin_client


def save(client: Client, path: str = f"{ENDPOINTS}add/", **fields: object) -> str:
    form = {"name": "agent", "url": "", "events": ["draft.sent"], "key": "", "chat_ids": "", **fields}
    answer = client.post(path, {"is_active": "on", **form}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_new_webhooks_secret_is_shown_once(page: Client, receiver: Receiver) -> None:
    shown = save(page, url=receiver.url, events=["draft.sent", "message.new"], chat_ids="-100, 5")

    endpoint = WebhookEndpoint.objects.get()
    assert set(SECRET.findall(shown)) == {secret_of(endpoint.seed)}
    assert (endpoint.events, endpoint.chat_ids) == (["draft.sent", "message.new"], [-100, 5])
    again = (
        page.get(ENDPOINTS).content.decode() + page.get(f"{ENDPOINTS}{endpoint.pk}/change/").content.decode()
    )
    assert not SECRET.search(again)
    assert endpoint.seed not in again
    assert not SECRET.search(str(list(LogEntry.objects.values())))


def test_an_address_within_the_network_is_refused_in_words(
    page: Client, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []

    shown = save(page, url=receiver.url)

    assert "the address is not a public one, and not in WEBHOOK_ALLOWED_NETWORKS (127.0.0.1)" in shown
    assert not WebhookEndpoint.objects.exists()
    assert receiver.received == []


def test_a_key_that_may_not_read_takes_no_messages(page: Client, receiver: Receiver) -> None:
    key, _text = create_key(name="agent", scopes=["propose"])

    refused = save(page, url=receiver.url, key=key.pk, events=["draft.sent", "message.new"])
    assert "This key may not read messages, so it hears of none." in refused
    assert not WebhookEndpoint.objects.exists()

    save(page, url=receiver.url, key=key.pk, events=["draft.sent"])
    assert WebhookEndpoint.objects.get().key == key


def test_a_change_keeps_the_secret_and_what_the_worker_writes(
    page: Client, make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint(strikes=3, feed_xid=7)

    shown = save(page, f"{ENDPOINTS}{endpoint.pk}/change/", name="agent 2", url=receiver.url)

    seed = endpoint.seed
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.seed, endpoint.strikes, endpoint.feed_xid) == ("agent 2", seed, 3, 7)
    assert endpoint.events == ["draft.sent"]
    assert not SECRET.search(shown)


def test_a_test_event_shows_the_answer_as_text(
    page: Client, make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint()
    receiver.script = [Reply(status=200, body=b"<script>alert(1)</script>")]

    shown = page.post(f"{ENDPOINTS}{endpoint.pk}/test/", follow=True).content.decode()

    assert "The test arrived: answer 200" in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert(1)" not in shown
    receiver.received[0].verify(secret_of(endpoint.seed))


def test_a_failed_test_says_why(page: Client, make_endpoint: MakeEndpoint, receiver: Receiver) -> None:
    endpoint = make_endpoint()
    receiver.script = [Reply(status=404)]

    shown = page.post(f"{ENDPOINTS}{endpoint.pk}/test/", follow=True).content.decode()

    assert "The test did not arrive: the answer was no 2xx." in shown


def test_a_new_secret_is_shown_once_and_signs(
    page: Client, make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint()

    shown = page.post(f"{ENDPOINTS}{endpoint.pk}/rotate/", follow=True).content.decode()

    [secret] = set(SECRET.findall(shown))
    page.post(f"{ENDPOINTS}{endpoint.pk}/test/")
    [received] = receiver.received
    Webhook(secret).verify(received.body, received.headers)
    received.verify(secret_of(endpoint.seed))  # the old one still holds
    assert not SECRET.search(page.get(f"{ENDPOINTS}{endpoint.pk}/change/").content.decode())


def test_a_paused_webhook_says_why_and_is_resumed(page: Client, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint(paused_at=timezone.now(), paused_because=Trouble.GONE, strikes=4)
    shown = page.get(f"{ENDPOINTS}{endpoint.pk}/change/").content.decode()
    assert "The endpoint says that it is gone (410)." in shown

    page.post(f"{ENDPOINTS}{endpoint.pk}/resume/")

    endpoint.refresh_from_db()
    assert (endpoint.paused_at, endpoint.paused_because, endpoint.strikes) == (None, "", 0)


def test_the_list_tells_the_states_apart(page: Client, make_endpoint: MakeEndpoint) -> None:
    key, _text = create_key(name="old", scopes=["read"])
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(days=1))
    make_endpoint(name="1")
    make_endpoint(name="2", failing_since=timezone.now())
    make_endpoint(name="3", paused_at=timezone.now())
    make_endpoint(name="4", is_active=False)
    make_endpoint(name="5", key=key)

    shown = page.get(ENDPOINTS).content.decode()

    for words in ("works", "does not answer", "paused", "not in use", "its API key is no longer usable"):
        assert words in shown


def test_a_delivery_shows_its_payload_and_attempts(page: Client, make_endpoint: MakeEndpoint) -> None:
    delivery = write_down(make_endpoint())
    WebhookAttempt.objects.create(
        delivery=delivery, began_at=timezone.now(), trouble=Trouble.PRIVATE, detail="10.0.0.7", duration_ms=3
    )
    WebhookAttempt.objects.create(delivery=delivery, began_at=timezone.now())

    shown = page.get(f"{DELIVERIES}{delivery.pk}/change/").content.decode()

    assert "&quot;number&quot;: 1" in shown
    assert "the address is not a public one, and not in WEBHOOK_ALLOWED_NETWORKS (10.0.0.7)" in shown
    assert "the outcome is not known: the process stopped" in shown


def test_one_is_sent_again(page: Client, make_endpoint: MakeEndpoint) -> None:
    delivery = write_down(make_endpoint())
    WebhookDelivery.objects.update(state=State.FAILED, attempts=8, next_attempt_at=None)

    shown = page.post(f"{DELIVERIES}{delivery.pk}/again/", follow=True).content.decode()

    assert "1 delivery goes out again." in shown
    again = WebhookDelivery.objects.get()
    assert (again.state, again.attempts, again.event_id) == (State.PENDING, 0, delivery.event_id)
    assert again.next_attempt_at is not None
    assert LogEntry.objects.filter(object_id=str(delivery.pk)).count() == 1


def test_many_are_sent_again_and_tests_are_not(
    page: Client, make_endpoint: MakeEndpoint, receiver: Receiver
) -> None:
    endpoint = make_endpoint()
    chosen = [write_down(endpoint).pk for _ in range(3)]
    page.post(f"{ENDPOINTS}{endpoint.pk}/test/")
    test = WebhookDelivery.objects.latest("pk").pk
    WebhookDelivery.objects.filter(pk__in=chosen).update(state=State.FAILED)

    form = {"action": "send_selected_again", "_selected_action": [*chosen, test]}
    shown = page.post(DELIVERIES, form, follow=True).content.decode()

    assert "3 deliveries go out again." in shown
    assert "1 test is not sent again; make a new one." in shown
    assert WebhookDelivery.objects.filter(state=State.PENDING).count() == 3


def test_deliveries_are_filtered_and_found_by_event_id(page: Client, make_endpoint: MakeEndpoint) -> None:
    first, second = make_endpoint(name="first"), make_endpoint(name="second")
    one, other = write_down(first), write_down(second)
    WebhookDelivery.objects.filter(pk=other.pk).update(event="draft.failed", state=State.FAILED)

    def found(query: str) -> set[int]:
        text = page.get(f"{DELIVERIES}?{query}").content.decode()
        return {pk for pk in (one.pk, other.pk) if f"{DELIVERIES}{pk}/change/" in text}

    assert found("") == {one.pk, other.pk}
    assert found(f"q={one.event_id}") == {one.pk}
    assert found("q=nonsense") == set()
    assert found("event=draft.failed") == {other.pk}
    assert found("state__exact=failed") == {other.pk}
    assert found(f"endpoint__id__exact={first.pk}") == {one.pk}


def test_deleting_a_webhook_lists_no_deliveries(page: Client, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    delivery = write_down(endpoint)

    asked = page.get(f"{ENDPOINTS}{endpoint.pk}/delete/").content.decode()
    page.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"})

    assert str(delivery.event_id) not in asked
    assert not WebhookDelivery.objects.exists()


def test_only_administrators_see_webhooks(make_endpoint: MakeEndpoint, client: Client) -> None:
    endpoint = make_endpoint()
    delivery = write_down(endpoint)
    director = User.objects.create_user("director", is_staff=True)
    director.groups.add(Group.objects.get(name="Директора"))
    client.force_login(director)

    for path in (ENDPOINTS, DELIVERIES):
        assert client.get(path).status_code == 403
    for path in (f"{ENDPOINTS}{endpoint.pk}/test/", f"{ENDPOINTS}{endpoint.pk}/rotate/"):
        assert client.post(path).status_code == 403
    assert client.post(f"{DELIVERIES}{delivery.pk}/again/").status_code == 403

    director.groups.add(Group.objects.get(name="Администраторы"))
    assert client.get(ENDPOINTS).status_code == 200
    assert client.get(DELIVERIES).status_code == 200


def test_who_only_looks_changes_nothing(make_endpoint: MakeEndpoint, client: Client) -> None:
    endpoint = make_endpoint()
    delivery = write_down(endpoint)
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(
        *Permission.objects.filter(codename__in=["view_webhookendpoint", "view_webhookdelivery"])
    )
    client.force_login(looker)

    assert client.get(f"{ENDPOINTS}{endpoint.pk}/change/").status_code == 200
    assert client.get(f"{DELIVERIES}{delivery.pk}/change/").status_code == 200
    for name in ("test", "rotate", "resume"):
        assert client.post(f"{ENDPOINTS}{endpoint.pk}/{name}/").status_code == 403
    assert client.post(f"{DELIVERIES}{delivery.pk}/again/").status_code == 403
    WebhookDelivery.objects.update(state=State.FAILED)
    client.post(DELIVERIES, {"action": "send_selected_again", "_selected_action": [delivery.pk]})
    assert WebhookDelivery.objects.get().state == State.FAILED
