"""An endpoint that leads to a receiver on loopback."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cvgorod_hub.api.hooks import followers
from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.outbox import enqueue
from cvgorod_hub.api.hooks.signing import new_seed
from tests.hooks.receiver import Receiver

ALL_EVENTS = Event.values


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether anyone follows is asked anew in each test."""
    monkeypatch.setattr(followers, "_memory", [(False, 0.0)])


@pytest.fixture
def make_endpoint(receiver: Receiver) -> Callable[..., WebhookEndpoint]:
    def make(**fields: Any) -> WebhookEndpoint:
        given = {"name": "agent", "url": receiver.url, "events": ALL_EVENTS, "seed": new_seed()}
        return WebhookEndpoint.objects.create(**{**given, **fields})

    return make


def write_down(endpoint: WebhookEndpoint, number: int = 1) -> WebhookDelivery:
    """One event that waits for this endpoint."""
    enqueue([endpoint], Event.DRAFT_SENT, {"number": number})
    return WebhookDelivery.objects.filter(endpoint=endpoint).latest("pk")
