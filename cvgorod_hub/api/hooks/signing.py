"""Secrets and signatures, as the Standard Webhooks specification (1.0.0) has them.

An endpoint's secret is not stored, not even encrypted: it is the HMAC of a random seed, which is, under the
hub's `DJANGO_SECRET_KEY`, which is not. A copy of the database signs nothing. The seed carries a checksum of
its secret, so that another secret key is noticed instead of signing what nobody can verify.
"""

import base64
import hashlib
import secrets
from datetime import datetime
from hmac import compare_digest

from django.utils import timezone
from django.utils.crypto import salted_hmac
from standardwebhooks import Webhook

from cvgorod_hub.api.hooks.models import WebhookEndpoint
from cvgorod_hub.api.hooks.troubles import HookError, Trouble

PREFIX = "whsec_"
_SALT = "cvgorod_hub.api.hooks.signing"


class RotatedMeanwhileError(Exception):
    """Somebody else gave the endpoint a new secret."""


def new_seed() -> str:
    """A seed for a secret of 256 bits (the specification wants 192 to 512)."""
    random = secrets.token_hex(24)
    return f"{random}.{_checksum(_derive(random))}"


def secret_of(seed: str) -> str:
    """The secret as its holder types it. Raises HookError when the hub's secret key has changed."""
    random, _, checksum = seed.partition(".")
    secret = _derive(random)
    if not compare_digest(checksum, _checksum(secret)):
        raise HookError(Trouble.SECRET_LOST)
    return secret


def rotate(endpoint: WebhookEndpoint) -> str:
    """Give the endpoint a new secret and return it; for a while the old one signs as well.

    Raises RotatedMeanwhileError where its secret is no longer the one of this row: the old one of a second
    rotation would be one that nobody has seen yet.
    """
    new = {"previous_seed": endpoint.seed, "seed": new_seed(), "rotated_at": timezone.now()}
    if not WebhookEndpoint.objects.filter(pk=endpoint.pk, seed=endpoint.seed).update(**new):
        raise RotatedMeanwhileError
    endpoint.refresh_from_db(fields=list(new))
    return secret_of(endpoint.seed)


def signed_headers(
    endpoint: WebhookEndpoint, *, event_id: str, moment: datetime, payload: str
) -> dict[str, str]:
    """The three headers of the specification; `moment`, aware, is that of this attempt."""
    signatures = [Webhook(secret).sign(event_id, moment, payload) for secret in _secrets(endpoint)]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _secrets(endpoint: WebhookEndpoint) -> list[str]:
    """The secret, and the one before it while both hold."""
    current = secret_of(endpoint.seed)
    if not endpoint.accepts_previous_secret:
        return [current]
    try:
        return [current, secret_of(endpoint.previous_seed)]
    except HookError:  # it went with an earlier secret key, which may be why there is a new one
        return [current]


def _derive(random: str) -> str:
    digest = salted_hmac(_SALT, random, algorithm="sha256").digest()
    return PREFIX + base64.b64encode(digest).decode()


def _checksum(secret: str) -> str:
    return hashlib.sha256(f"{_SALT}:{secret}".encode()).hexdigest()[:16]
