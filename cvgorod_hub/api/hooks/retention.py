"""How long it is kept what was told."""

import time
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from cvgorod_hub.api.hooks.models import WebhookDelivery

KEPT_DELIVERED = timedelta(days=30)
# What did not arrive: after so long nobody sends it again.
KEPT_OTHERS = timedelta(days=90)
STEP = 500


def delete_old_deliveries(*, seconds: float) -> int:
    """Delete, with their attempts, what is old enough, for at most so long; returns how many deliveries."""
    deleted, end = 0, time.monotonic() + seconds
    arrived = Q(state=WebhookDelivery.State.DELIVERED)
    old = WebhookDelivery.objects.filter(
        (arrived & Q(delivered_at__lte=Now() - KEPT_DELIVERED)) | Q(created_at__lte=Now() - KEPT_OTHERS),
        # Also what an index finds: nothing is delivered before it was made.
        created_at__lte=Now() - KEPT_DELIVERED,
    )
    while time.monotonic() < end:
        step = list(old.order_by("created_at").values_list("pk", flat=True)[:STEP])
        if not step:
            break
        WebhookDelivery.objects.filter(pk__in=step).delete()
        deleted += len(step)
    return deleted
