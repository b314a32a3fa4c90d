"""What was written down reaches the endpoints: at least once, one at a time for each of them.

A worker takes an endpoint by a lease, posts what is due there in order, and goes on to the next. The attempt
is committed before the POST, with the time of the next one: a worker that dies in between has made an attempt
whose outcome nobody knows, and the event goes out again under the same id.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from cvgorod_hub.api.hooks.events import PING
from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.outbox import deliver_soon, render
from cvgorod_hub.api.hooks.posting import DEADLINE, Answer, post
from cvgorod_hub.api.hooks.schedule import (
    MOST_ATTEMPTS,
    PAUSED_AFTER,
    pause_after,
    probe_pause,
)
from cvgorod_hub.api.hooks.signing import signed_headers
from cvgorod_hub.api.hooks.troubles import HookError, Trouble
from cvgorod_hub.common.external import read_retry_after

logger = logging.getLogger(__name__)

State = WebhookDelivery.State
# Renewed before each attempt: longer than any can take, with what the database needs.
LEASE = timedelta(seconds=DEADLINE * 3)
GONE = 410


def serve(endpoint_id: int, *, until: float) -> int:
    """Post what is due at one endpoint until that moment (time.monotonic()); returns how many were posted.

    Nothing where another worker is at it. The first failure ends it: the others wait until a probe arrives.
    """
    lease, made = uuid.uuid4(), 0
    try:
        while time.monotonic() < until:
            attempt = _begin(endpoint_id, lease)
            if attempt is None:
                break
            made += 1
            if not carry_out(attempt):
                break
    finally:
        mine = WebhookEndpoint.objects.filter(pk=endpoint_id, leased_by=lease)
        mine.update(leased_by=None, leased_until=None)
    return made


def send_test(endpoint: WebhookEndpoint) -> WebhookAttempt:
    """Post a test event now and return what came of it: tried once, and no failure of the endpoint's."""
    now = timezone.now()
    delivery = WebhookDelivery(endpoint=endpoint, event=PING, created_at=now, attempts=1)
    delivery.payload = render(PING, now, {"webhook": endpoint.name})
    with transaction.atomic():
        delivery.save()
        attempt = WebhookAttempt.objects.create(delivery=delivery, began_at=now)
    carry_out(attempt)
    return attempt


def carry_out(attempt: WebhookAttempt) -> bool:
    """Post, and write down what came of it; whether the endpoint takes more now."""
    delivery, asked = attempt.delivery, timedelta(0)
    began = time.monotonic()
    try:
        answer = _post(delivery, attempt)
        attempt.status_code, attempt.answer = answer.status_code, answer.body
        attempt.trouble = _judge(answer.status_code)
        asked = read_retry_after(answer.retry_after)
    except HookError as error:
        attempt.trouble, attempt.detail = error.trouble, error.detail[:200]
    attempt.duration_ms = int((time.monotonic() - began) * 1000)
    with transaction.atomic():
        _write_outcome(attempt)
        if attempt.trouble:
            _note_failure(delivery, Trouble(attempt.trouble), asked)
        else:
            _note_success(delivery)
    logger.info(
        "webhook attempt endpoint=%s delivery=%s status=%s trouble=%s ms=%d",
        *(delivery.endpoint_id, delivery.pk, attempt.status_code, attempt.trouble or None),
        attempt.duration_ms,
    )
    return attempt.is_success


def _write_outcome(attempt: WebhookAttempt) -> None:
    """What came of it; nothing where the endpoint was deleted meanwhile, and its attempts with it.

    An answer to what was erased meanwhile (erasing.py) may quote it.
    """
    posted = WebhookDelivery.objects.filter(pk=attempt.delivery_id, payload=attempt.delivery.payload)
    if not posted.select_for_update(no_key=True).values_list("pk").first():
        attempt.answer = ""
    outcome = ("status_code", "answer", "trouble", "detail", "duration_ms")
    rows = WebhookAttempt.objects.filter(pk=attempt.pk)
    rows.update(**{name: getattr(attempt, name) for name in outcome})


def _begin(endpoint_id: int, lease: uuid.UUID) -> WebhookAttempt | None:
    """Take or keep the endpoint, and begin an attempt of what is due next; committed before the POST."""
    with transaction.atomic():
        endpoint = (
            WebhookEndpoint.objects.open_to(lease)
            .filter(pk=endpoint_id)
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if endpoint is None:
            return None
        delivery = _next(endpoint)
        if delivery is None:
            return None
        endpoint.leased_by = lease
        WebhookEndpoint.objects.filter(pk=endpoint_id).update(leased_by=lease, leased_until=Now() + LEASE)
        delivery.attempts += 1
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            attempts=delivery.attempts, next_attempt_at=Now() + pause_after(delivery.attempts)
        )
        delivery.endpoint = endpoint
        return WebhookAttempt.objects.create(delivery=delivery, began_at=timezone.now())


def _next(endpoint: WebhookEndpoint) -> WebhookDelivery | None:
    """The oldest that is due; one whose last attempt a crash cut off is given up here."""
    due = WebhookDelivery.objects.due().filter(endpoint=endpoint)
    due.filter(attempts__gte=MOST_ATTEMPTS).order_by().update(state=State.FAILED, next_attempt_at=None)
    return due.filter(attempts__lt=MOST_ATTEMPTS).first()


def _post(delivery: WebhookDelivery, attempt: WebhookAttempt) -> Answer:
    endpoint = delivery.endpoint
    headers = signed_headers(
        endpoint, event_id=str(delivery.event_id), moment=attempt.began_at, payload=delivery.payload
    )
    return post(endpoint.url, body=delivery.payload.encode(), headers=headers)


def _judge(status_code: int) -> str:
    """What is wrong with this status; nothing with a 2xx."""
    if 200 <= status_code < 300:
        return ""
    if status_code == GONE:
        return Trouble.GONE
    return Trouble.REDIRECT if 300 <= status_code < 400 else Trouble.STATUS


def _note_success(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=State.DELIVERED, delivered_at=Now(), next_attempt_at=None
    )
    WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(
        strikes=0, failing_since=None, retry_at=None, last_success_at=Now()
    )


def _note_failure(delivery: WebhookDelivery, trouble: Trouble, asked: timedelta) -> None:
    """Put the delivery off or give it up; the endpoint rests, and is paused after too long a time."""
    # Only this very attempt's: another worker, or a person, may have begun anew meanwhile.
    row = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.PENDING, attempts=delivery.attempts)
    if delivery.event == PING:
        row.update(state=State.FAILED, next_attempt_at=None)
        return
    if delivery.attempts >= MOST_ATTEMPTS:
        row.update(state=State.FAILED, next_attempt_at=None)
    else:
        row.update(next_attempt_at=Now() + pause_after(delivery.attempts, asked=asked))
    told = WebhookEndpoint.objects.select_for_update().filter(pk=delivery.endpoint_id)
    endpoint = told.filter(url=delivery.endpoint.url).first()
    if endpoint is None:  # deleted meanwhile, or at another address, of which this says nothing
        return
    endpoint.strikes += 1
    endpoint.failing_since = endpoint.failing_since or timezone.now()
    endpoint.retry_at = timezone.now() + probe_pause(endpoint.strikes, asked=asked)
    if trouble in (Trouble.GONE, Trouble.SECRET_LOST):
        _pause(endpoint, trouble)
    elif timezone.now() - endpoint.failing_since >= PAUSED_AFTER:
        _pause(endpoint, Trouble.FAILING)
    endpoint.save(update_fields=["strikes", "failing_since", "retry_at", "paused_at", "paused_because"])


def _pause(endpoint: WebhookEndpoint, trouble: Trouble) -> None:
    endpoint.paused_at = endpoint.paused_at or timezone.now()
    endpoint.paused_because = trouble
    logger.warning("webhook paused endpoint=%s because=%s", endpoint.pk, trouble)


def resume(endpoint_ids: Sequence[int]) -> int:
    """A person says that these are well again: what waits there goes out now. Returns how many."""
    with transaction.atomic():
        resumed = WebhookEndpoint.objects.filter(pk__in=endpoint_ids, paused_at__isnull=False).update(
            paused_at=None, paused_because="", strikes=0, failing_since=None, retry_at=None
        )
        deliver_soon()
    return resumed


def send_again(delivery_ids: Sequence[int]) -> int:
    """A new series of attempts for each, under the same event id, the first one now; returns how many."""
    chosen = WebhookDelivery.objects.filter(pk__in=delivery_ids).exclude(event=PING)
    with transaction.atomic():
        WebhookEndpoint.objects.filter(deliveries__in=chosen).update(retry_at=None)
        sent_again = chosen.update(state=State.PENDING, attempts=0, next_attempt_at=Now(), delivered_at=None)
        deliver_soon()
    return sent_again
