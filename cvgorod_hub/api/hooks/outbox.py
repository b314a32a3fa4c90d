"""Writing down what is to be told, in the transaction in which it happens."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from celery import signature
from django.db import transaction
from django.utils import timezone

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.common.bulk import insert_rows
from cvgorod_hub.common.nudge import nudge

# By its name: the tasks' module imports this one.
DELIVER = "cvgorod_hub.api.hooks.tasks.deliver_webhooks"


def announce(event: Event, *, chat_id: int, key_id: int | None, data: Callable[[], Mapping[str, Any]]) -> int:
    """Write one event down for every endpoint that hears of it; returns for how many.

    To be called in the transaction of what happened: both are committed, or neither. One small SELECT where
    nobody listens; `data` is asked for only where somebody does. `chat_id` and `key_id` (of the key that
    proposed) say who may hear of it.
    """
    listeners = list(WebhookEndpoint.objects.hearing_of(event, chat_id=chat_id, key_id=key_id))
    return enqueue(listeners, event, data()) if listeners else 0


def enqueue(endpoints: Sequence[WebhookEndpoint], event: str, data: Mapping[str, Any]) -> int:
    """Write an event down for these endpoints under one id, and have a worker told when it is committed."""
    now, event_id = timezone.now(), uuid.uuid4()
    payload = render(event, now, data)
    written = insert_rows(
        [
            WebhookDelivery(
                endpoint=endpoint,
                event_id=event_id,
                event=event,
                payload=payload,
                next_attempt_at=now,
                created_at=now,
            )
            for endpoint in endpoints
        ]
    )
    deliver_soon()
    return written


def render(event: str, moment: datetime, data: Mapping[str, Any]) -> str:
    """The body: `{"type", "timestamp", "data"}`, as the Standard Webhooks specification advises."""
    return orjson.dumps({"type": event, "timestamp": moment, "data": data}).decode()


def deliver_soon() -> None:
    # Robust: what happened is committed, and a broker's failure must not look like its own.
    transaction.on_commit(lambda: nudge(signature(DELIVER)), robust=True)
