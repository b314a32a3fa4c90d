"""What was told is kept for a month, what did not arrive for three."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from cvgorod_hub.api.hooks import retention
from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.tasks import delete_old_webhook_deliveries
from tests.hooks.conftest import write_down

pytestmark = pytest.mark.django_db

State = WebhookDelivery.State


def aged(endpoint: WebhookEndpoint, state: str, *, made: int, arrived: int | None = None) -> int:
    """A delivery made, and perhaps delivered, so many days ago."""
    delivery, now = write_down(endpoint), timezone.now()
    WebhookAttempt.objects.create(delivery=delivery, began_at=now)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=state,
        created_at=now - timedelta(days=made),
        delivered_at=None if arrived is None else now - timedelta(days=arrived),
    )
    return delivery.pk


def test_old_deliveries_are_deleted_with_their_attempts(
    make_endpoint: Callable[..., WebhookEndpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP", 2)
    endpoint = make_endpoint()
    kept = {
        aged(endpoint, State.DELIVERED, made=29, arrived=29),
        aged(endpoint, State.DELIVERED, made=40, arrived=5),
        aged(endpoint, State.FAILED, made=89),
        aged(endpoint, State.PENDING, made=89),
    }
    for state, made, arrived in [
        (State.DELIVERED, 31, 31),
        (State.DELIVERED, 95, 60),
        (State.DELIVERED, 95, 5),
        (State.FAILED, 91, None),
        (State.PENDING, 91, None),
    ]:
        aged(endpoint, state, made=made, arrived=arrived)

    assert delete_old_webhook_deliveries() == 5

    assert set(WebhookDelivery.objects.values_list("pk", flat=True)) == kept
    assert set(WebhookAttempt.objects.values_list("delivery", flat=True)) == kept
    assert delete_old_webhook_deliveries() == 0
