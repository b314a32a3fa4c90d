"""OpenAPI's section `webhooks` says what is really posted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from openapi_schema_validator import OAS31Validator

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from messaging.announcing import announce_messages
from sandbox import review
from sandbox.actors import Actor
from tests.api.test_feed import settle
from tests.factories import MessageFactory, ResponseFactory
from tests.marks import committed


@pytest.fixture
def schema(client: Client) -> dict[str, Any]:
    whole: dict[str, Any] = client.get("/api/schema", {"format": "json"}).json()
    return whole


def validate(schema: dict[str, Any], event: dict[str, Any]) -> None:
    body = schema["webhooks"][event["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
    OAS31Validator({**body, "components": schema["components"]}).validate(event)


def test_every_event_is_described_with_an_example_that_is_valid(schema: dict[str, Any]) -> None:
    assert set(schema["webhooks"]) == set(Event.values)
    for event, operations in schema["webhooks"].items():
        content = operations["post"]["requestBody"]["content"]["application/json"]
        [example] = content["examples"].values()
        assert example["value"]["type"] == event
        validate(schema, example["value"])


@committed
def test_what_is_posted_is_as_described(
    schema: dict[str, Any], make_endpoint: Callable[..., WebhookEndpoint]
) -> None:
    make_endpoint()
    announce_messages(seconds=5)
    MessageFactory.create()
    settle()
    announce_messages(seconds=5)
    review.reject(response_id=ResponseFactory.create().pk, actor=Actor(name="Анна"), reason="Нет")

    events = [json.loads(payload) for payload in WebhookDelivery.objects.values_list("payload", flat=True)]
    assert {event["type"] for event in events} == {"message.new", "draft.decided"}
    described = schema["components"]["schemas"]
    for event in events:
        validate(schema, event)
        assert (
            event.keys() == described[f"{event['type'].title().replace('.', '')}Event"]["properties"].keys()
        )
    [told] = [event["data"] for event in events if event["type"] == "draft.decided"]
    assert told.keys() == described["DraftEventData"]["properties"].keys()
    assert told["draft"].keys() == described["AnnouncedDraft"]["properties"].keys()
