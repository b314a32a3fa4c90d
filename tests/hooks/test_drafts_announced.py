"""What became of a draft is written down where it happens, for those who may hear of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.signing import secret_of
from cvgorod_hub.api.hooks.tasks import deliver_webhooks
from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey
from messaging.models import Chat
from sandbox import review, transitions
from sandbox.actors import HUB, Actor
from sandbox.delivery import deliver_one
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.proposals import Proposal, propose
from sandbox.transport import Outcome, TransportError
from tests.factories import ChatFactory, ResponseFactory
from tests.fakes import FakeTransport
from tests.hooks.receiver import Receiver
from tests.marks import committed

pytestmark = committed

MakeEndpoint = Callable[..., WebhookEndpoint]
ANNA = Actor(name="Анна")


@pytest.fixture(autouse=True)
def _telegram() -> None:
    FakeTransport.reset()


@pytest.fixture
def key() -> ApiKey:
    return create_key(name="agent", scopes=["propose"])[0]


def draft(key: ApiKey | None = None, chat: Chat | None = None) -> PendingResponse:
    actor = Actor(name="HUB_API_KEY") if key is None else Actor.from_key(key)
    proposal = Proposal(chat_id=(chat or ChatFactory.create()).pk, text="Да, есть.")
    return propose(proposal=proposal, actor=actor).response


def told() -> list[tuple[str, str]]:
    """(event, outcome), oldest first."""
    import json

    rows = WebhookDelivery.objects.order_by("pk")
    return [(row.event, json.loads(row.payload)["data"]["outcome"]) for row in rows]


def test_a_decision_as_the_agent_hears_it(
    make_endpoint: MakeEndpoint, receiver: Receiver, key: ApiKey
) -> None:
    endpoint = make_endpoint(key=key)
    response = draft(key)

    review.approve(response_id=response.pk, actor=ANNA, text="Да, роза есть.")
    assert deliver_webhooks() == 1

    [received] = receiver.received
    received.verify(secret_of(endpoint.seed))
    assert received.event["type"] == "draft.decided"
    data = received.event["data"]
    log = ResponseEvent.objects.get(response=response, kind="approved")
    assert (data["outcome"], data["is_edited"], data["by"]) == ("approved", True, "Анна")
    assert data["log_id"] == log.pk
    assert data["draft"]["id"] == data["draft"]["pending_id"] == response.pk
    assert data["draft"]["response_text"] == "Да, роза есть."
    assert data["draft"]["original_text"] == "Да, есть."
    assert data["draft"]["version"] == 2
    assert "is_stale" not in data["draft"]


def test_every_decision_is_told(make_endpoint: MakeEndpoint, key: ApiKey) -> None:
    make_endpoint()
    approved, rejected, withdrawn, expired = (draft(key) for _ in range(4))

    review.approve(response_id=approved.pk, actor=ANNA)
    review.cancel(response_id=approved.pk, actor=ANNA)
    review.reject(response_id=rejected.pk, actor=ANNA, reason="Цена другая")
    transitions.move(withdrawn, ResponseEvent.Kind.WITHDRAWN, actor=Actor.from_key(key))
    PendingResponse.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    transitions.expire_overdue(actor=HUB)

    outcomes = ["approved", "cancelled", "rejected", "cancelled", "expired"]
    assert told() == [(Event.DRAFT_DECIDED, outcome) for outcome in outcomes]


def test_what_became_of_sending_is_told(make_endpoint: MakeEndpoint) -> None:
    make_endpoint(events=[Event.DRAFT_SENT, Event.DRAFT_FAILED, Event.DRAFT_UNKNOWN])
    sent, failed, unknown = (draft() for _ in range(3))
    for response, outcome in ((sent, None), (failed, Outcome.REFUSED), (unknown, Outcome.UNKNOWN)):
        review.approve(response_id=response.pk, actor=ANNA)
        if outcome is not None:
            FakeTransport.failures.append(TransportError("no", outcome=outcome))
        deliver_one(response_id=response.pk)
    review.mark_sent(response_id=unknown.pk, actor=ANNA)

    assert told() == [
        (Event.DRAFT_SENT, "sent"),
        (Event.DRAFT_FAILED, "failed"),
        (Event.DRAFT_UNKNOWN, "unknown"),
        (Event.DRAFT_SENT, "sent"),
    ]


def test_moves_on_the_way_are_not_told(make_endpoint: MakeEndpoint) -> None:
    make_endpoint()
    response = ResponseFactory.create(status="approved")

    transitions.move(response, ResponseEvent.Kind.CLAIMED, actor=HUB)
    transitions.move(response, ResponseEvent.Kind.DEFERRED, actor=HUB)

    assert not WebhookDelivery.objects.exists()


def test_what_is_rolled_back_is_not_told(make_endpoint: MakeEndpoint) -> None:
    make_endpoint()
    response = draft()

    with transaction.atomic():
        review.reject(response_id=response.pk, actor=ANNA)
        assert WebhookDelivery.objects.count() == 1
        transaction.set_rollback(True)

    assert not WebhookDelivery.objects.exists()


def test_a_conflict_is_not_told(make_endpoint: MakeEndpoint) -> None:
    make_endpoint()
    response = ResponseFactory.create(status="sent")

    assert not transitions.move(response, ResponseEvent.Kind.REJECTED, actor=ANNA)
    assert not WebhookDelivery.objects.exists()


def test_an_endpoint_hears_only_of_its_keys_drafts_and_its_chats(
    make_endpoint: MakeEndpoint, key: ApiKey
) -> None:
    other_key, _text = create_key(name="other", scopes=["propose"])
    here, elsewhere = ChatFactory.create_batch(2)
    everything = make_endpoint(name="everything")
    own = make_endpoint(name="own", key=key)
    chat = make_endpoint(name="chat", chat_ids=[here.pk])
    make_endpoint(name="deaf", events=[Event.DRAFT_SENT])
    make_endpoint(name="off", is_active=False)

    for each_key, each_chat in ((key, here), (other_key, elsewhere), (None, here)):
        review.reject(response_id=draft(each_key, each_chat).pk, actor=ANNA)

    heard = {
        endpoint.name: WebhookDelivery.objects.filter(endpoint=endpoint).count()
        for endpoint in WebhookEndpoint.objects.all()
    }
    assert heard == {everything.name: 3, own.name: 1, chat.name: 2, "deaf": 0, "off": 0}
    assert WebhookDelivery.objects.values("event_id").distinct().count() == 3


@pytest.mark.parametrize("changes", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_key_that_is_over_hears_nothing(
    make_endpoint: MakeEndpoint, key: ApiKey, changes: dict[str, object]
) -> None:
    make_endpoint(key=key)
    response = draft(key)
    ApiKey.objects.update(**changes)

    review.reject(response_id=response.pk, actor=ANNA)

    assert not WebhookDelivery.objects.exists()


def test_a_paused_endpoint_goes_on_collecting(make_endpoint: MakeEndpoint) -> None:
    make_endpoint(paused_at=timezone.now())

    review.reject(response_id=draft().pk, actor=ANNA)

    assert WebhookDelivery.objects.count() == 1


def test_without_endpoints_a_move_costs_one_small_query(db: None) -> None:
    response = draft()

    with CaptureQueriesContext(connection) as queries:
        review.reject(response_id=response.pk, actor=ANNA)

    ours = [query["sql"] for query in queries if "webhook" in query["sql"]]
    assert len(ours) == 1
    assert ours[0].startswith("SELECT")
