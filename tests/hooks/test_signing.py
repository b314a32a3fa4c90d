"""Signatures that the specification's own library verifies; secrets that the database does not hold."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from cvgorod_hub.api.hooks.models import ROTATION_OVERLAP, WebhookEndpoint
from cvgorod_hub.api.hooks.signing import RotatedMeanwhileError, new_seed, rotate, secret_of, signed_headers
from cvgorod_hub.api.hooks.troubles import HookError, Trouble

pytestmark = pytest.mark.django_db

MakeEndpoint = Callable[..., WebhookEndpoint]
PAYLOAD = '{"type":"draft.sent","data":{"text":"Роза, 95 ₽"}}'


def verify(endpoint: WebhookEndpoint, secret: str, payload: str = PAYLOAD) -> None:
    headers = signed_headers(endpoint, event_id="e1", moment=timezone.now(), payload=PAYLOAD)
    Webhook(secret).verify(payload, headers)


def test_a_receiver_verifies_what_was_signed(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()

    verify(endpoint, secret_of(endpoint.seed))

    with pytest.raises(WebhookVerificationError):
        verify(endpoint, secret_of(new_seed()))
    with pytest.raises(WebhookVerificationError):
        verify(endpoint, secret_of(endpoint.seed), payload=PAYLOAD.replace("95", "9"))


def test_secrets_are_256_bits_and_all_different() -> None:
    secrets = {secret_of(new_seed()) for _ in range(20)}

    assert len(secrets) == 20
    assert {len(secret) for secret in secrets} == {len("whsec_") + 44}


def test_the_secret_is_not_in_the_database(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    secret = secret_of(endpoint.seed).removeprefix("whsec_")

    assert secret not in str(WebhookEndpoint.objects.values().get())


def test_after_a_rotation_both_secrets_hold_for_a_day(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    old = secret_of(endpoint.seed)

    new = rotate(endpoint)

    endpoint.refresh_from_db()
    assert new == secret_of(endpoint.seed) != old
    verify(endpoint, new)
    verify(endpoint, old)
    endpoint.rotated_at = timezone.now() - ROTATION_OVERLAP - timedelta(seconds=1)
    verify(endpoint, new)
    with pytest.raises(WebhookVerificationError):
        verify(endpoint, old)


def test_of_two_rotations_at_once_one_is_refused(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    stale = WebhookEndpoint.objects.get()
    new = rotate(endpoint)

    with pytest.raises(RotatedMeanwhileError):
        rotate(stale)

    endpoint.refresh_from_db()
    assert secret_of(endpoint.seed) == new


def test_another_secret_key_is_noticed_and_mended_by_a_rotation(
    make_endpoint: MakeEndpoint, settings: Settings
) -> None:
    endpoint = make_endpoint()
    settings.SECRET_KEY = "another"

    with pytest.raises(HookError) as caught:
        verify(endpoint, "whsec_AAAA")

    assert caught.value.trouble == Trouble.SECRET_LOST
    verify(endpoint, rotate(endpoint))
