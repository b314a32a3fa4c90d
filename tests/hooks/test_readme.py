"""The README's check of a signature, as an agent would paste it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cvgorod_hub.api.hooks.delivery import send_test
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from cvgorod_hub.api.hooks.signing import new_seed, rotate, secret_of
from tests.hooks.receiver import Receiver

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.django_db
def test_the_snippet_tells_genuine_events_from_others(
    make_endpoint: Callable[..., WebhookEndpoint], receiver: Receiver
) -> None:
    snippets = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    [snippet] = [snippet for snippet in snippets if "def is_genuine" in snippet]
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102  (our own README)
    is_genuine = names["is_genuine"]
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
