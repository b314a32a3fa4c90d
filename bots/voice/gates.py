"""Whether a neighbour is worth asking now: after a failure, one call finds out, all others wait.

An hour's outage costs a call every few minutes, and when it is over the backlog is done one by one.
"""

import hashlib
import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from bots.models import VoiceGate

logger = logging.getLogger(__name__)

Name = VoiceGate.Name
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
# Where the key is refused a person must act; now and then the hub looks whether somebody did.
REFUSED_PAUSE = timedelta(minutes=15)
# Whoever may find out keeps the others waiting for so long, should it die meanwhile.
PROBE = timedelta(minutes=3)
# What a neighbour may ask for by Retry-After.
LONGEST_ASKED = timedelta(hours=1)


def may_pass(name: Name) -> bool:
    """Whether to call now; True for one caller only while the neighbour fails."""
    gate = VoiceGate.objects.filter(pk=name, failures__gt=0).first()
    if gate is None:
        return True
    seen = VoiceGate.objects.filter(pk=name, until=gate.until, failures=gate.failures)
    is_other_key = bool(gate.refused_key) and gate.refused_key != key_mark()
    if not is_other_key:
        seen = seen.filter(until__lte=Now())
    return bool(seen.update(until=Now() + PROBE))


def note_success(name: Name) -> None:
    """It answered: the gate is open."""
    opened = VoiceGate.objects.filter(pk=name, failures__gt=0).update(
        failures=0, until=None, failing_since=None, error="", refused_key=""
    )
    if opened:
        logger.info("voice goes on gate=%s", name)


def hand_back(name: Name) -> None:
    """Whoever was let through had nothing to ask after all: the next one may find out, and at once."""
    VoiceGate.objects.filter(pk=name, failures__gt=0, until__lte=Now() + PROBE).update(until=Now())


def note_failure(
    name: Name, error: str, *, retry_after: float | None = None, is_refused: bool = False
) -> None:
    """It did not answer, or refuses the key: nobody asks for a while, longer each time."""
    with transaction.atomic():
        VoiceGate.objects.get_or_create(pk=name)
        gate = VoiceGate.objects.select_for_update().annotate(now=Now()).get(pk=name)
        now = gate.now
        pause = REFUSED_PAUSE if is_refused else min(FIRST_PAUSE * 2 ** min(gate.failures, 10), LONGEST_PAUSE)
        asked = timedelta(seconds=min(retry_after or 0, LONGEST_ASKED.total_seconds()))
        gate.until = now + max(pause, asked)
        gate.failing_since = gate.failing_since or now
        gate.failures += 1
        gate.error = error[:300]
        gate.refused_key = key_mark() if is_refused else ""
        gate.save()
    log = logger.error if is_refused else logger.warning
    log("voice waits gate=%s failures=%d error=%s", name, gate.failures, error)


def key_mark() -> str:
    """Tells one key from another without giving either away."""
    return hashlib.sha256(f"voice:{settings.YANDEX_CLOUD_API_KEY}".encode()).hexdigest()[:16]
