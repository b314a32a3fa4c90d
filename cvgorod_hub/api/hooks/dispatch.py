"""Many endpoints at once, each on a thread of its own: a slow one holds nobody back."""

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.db import connection
from django.db.models import Exists, OuterRef

from cvgorod_hub.api.hooks.delivery import serve
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint

logger = logging.getLogger(__name__)

# Endpoints served at once by one process.
SENDERS = 8
# Seconds between two looks at which endpoints have something due.
LOOK_SECONDS = 0.25

_at_work = threading.Lock()
_asked = threading.Event()


def deliver_due(*, seconds: float) -> int:
    """Serve whoever has something due, beginning no attempt after so long; returns how many were made.

    One call per process works; another one only says that there is more, and returns 0.
    """
    made, end = 0, time.monotonic() + seconds
    _asked.set()
    while _asked.is_set() and _at_work.acquire(blocking=False):
        try:
            _asked.clear()
            with ThreadPoolExecutor(SENDERS, "webhooks") as pool:
                made += _work(pool, end)
        finally:
            _at_work.release()
    return made


def _work(pool: ThreadPoolExecutor, end: float) -> int:
    made = 0
    serving: dict[Future[int], int] = {}
    while True:
        over = [future for future in serving if future.done()]
        for future in over:
            del serving[future]
            made += future.result()
        if time.monotonic() < end and len(serving) < SENDERS:
            for endpoint_id in _ready(set(serving.values()), SENDERS - len(serving)):
                serving[pool.submit(_serve, endpoint_id, end)] = endpoint_id
        if not serving:
            return made
        wait(serving, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)


def _ready(busy: set[int], most: int) -> list[int]:
    due = WebhookDelivery.objects.due().filter(endpoint=OuterRef("pk"))
    ready = WebhookEndpoint.objects.open_to(None).filter(Exists(due)).exclude(pk__in=busy)
    # Whoever was not served for longest comes first.
    return list(ready.order_by("last_success_at", "pk").values_list("pk", flat=True)[:most])


def _serve(endpoint_id: int, end: float) -> int:
    try:
        return serve(endpoint_id, until=end)
    except Exception:
        # The rows say how far it came; the sweep goes on from there.
        logger.exception("webhook delivery broke off endpoint=%s", endpoint_id)
        return 0
    finally:
        connection.close()
