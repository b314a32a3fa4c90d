"""The checks of a signature in docs/api.md, as an agent would paste them."""

from collections.abc import Callable

import pytest
from standardwebhooks import WebhookVerificationError

from cvgorod_hub.api.hooks.delivery import send_test
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from cvgorod_hub.api.hooks.signing import new_seed, rotate, secret_of
from tests.docs.snippets import snippet
from tests.hooks.receiver import Receiver

PAGES = pytest.mark.parametrize("page", ["api.md", "ru/api.md"])


@PAGES
@pytest.mark.django_db
def test_the_snippet_tells_genuine_events_from_others(
    make_endpoint: Callable[..., WebhookEndpoint], receiver: Receiver, page: str
) -> None:
    is_genuine = snippet(page, "is_genuine")["is_genuine"]
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


@PAGES
@pytest.mark.django_db
def test_the_library_reads_what_is_genuine_and_refuses_the_rest(
    make_endpoint: Callable[..., WebhookEndpoint], receiver: Receiver, page: str
) -> None:
    read_event = snippet(page, "read_event")["read_event"]
    endpoint = make_endpoint()
    secret = secret_of(endpoint.seed)

    send_test(endpoint)

    [received] = receiver.received
    assert read_event(secret, received.headers, received.body) == received.event
    with pytest.raises(WebhookVerificationError):
        read_event(secret, received.headers, received.body + b" ")
