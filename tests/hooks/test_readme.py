"""The README's check of a signature, as an agent would paste it."""

from collections.abc import Callable

import pytest

from cvgorod_hub.api.hooks.delivery import send_test
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from cvgorod_hub.api.hooks.signing import new_seed, rotate, secret_of
from tests.hooks.receiver import Receiver
from tests.readme import readme_function


@pytest.mark.django_db
def test_the_snippet_tells_genuine_events_from_others(
    make_endpoint: Callable[..., WebhookEndpoint], receiver: Receiver
) -> None:
    is_genuine = readme_function("is_genuine")
    endpoint = make_endpoint()
    old = secret_of(endpoint.seed)
    new = rotate(endpoint)

    send_test(endpoint)

    [received] = receiver.received
    headers, body = received.headers, received.body
    assert is_genuine(new, headers, body)
    assert is_genuine(old, headers, body)
    assert not is_genuine(secret_of(new_seed()), headers, body)
    assert not is_genuine(new, headers, body + b" ")
    assert not is_genuine(new, {**headers, "webhook-id": "another"}, body)
    assert not is_genuine(new, {**headers, "webhook-timestamp": "1700000000"}, body)
