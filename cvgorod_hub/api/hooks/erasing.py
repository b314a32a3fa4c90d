"""Words of a person in what webhooks were told, or are to be told.

What was delivered has left the hub: its receiver is asked to forget by the messages that come again, empty.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from django.db import connection

from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery
from cvgorod_hub.common.database import like

# Payloads have no index: all that are kept (retention.py) are looked through once.
_FIND = "SELECT id FROM webhook_deliveries WHERE payload LIKE ANY (%s) ORDER BY id"

Redact = Callable[[Any], bool]


def deliveries_holding(pieces: Sequence[str]) -> list[int]:
    """Deliveries whose payload has one of these pieces of JSON. Rising keys."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [[f"%{like(piece)}%" for piece in pieces]])
        return [pk for (pk,) in cursor.fetchall()]


def redact_deliveries(ids: Sequence[int], redact: Redact) -> int:
    """Change the `data` of these, and drop what was answered to them; returns how many were changed.

    `redact` changes the data and says whether it did. Call it inside a transaction.
    """
    rows = WebhookDelivery.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    return sum(_redacted(row, redact) for row in rows)


def _redacted(row: WebhookDelivery, redact: Redact) -> bool:
    body = orjson.loads(row.payload)
    if not redact(body.get("data")) or (payload := orjson.dumps(body).decode()) == row.payload:
        return False
    WebhookDelivery.objects.filter(pk=row.pk).update(payload=payload)
    WebhookAttempt.objects.filter(delivery=row.pk).exclude(answer="").update(answer="")
    return True
