"""The client of docs/api.md, as an agent's author would paste it, against a live server."""

from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.keys.limits import counter
from cvgorod_hub.api.models import ApiKey, Scope
from messaging.models import Message
from sandbox.models import PendingResponse
from tests.api.test_feed import settle
from tests.docs.snippets import snippet
from tests.factories import ManagerFactory, MessageFactory
from tests.marks import committed


class EnoughError(Exception):
    """The client would go on for ever."""


class Clock:
    """Instead of sleeping the hub's day goes on: a script of what happens at each pause."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if not self.script:
            raise EnoughError
        self.script.pop(0)()
        settle()


@committed
@pytest.mark.parametrize("page", ["api.md", "ru/api.md"])
def test_the_client_answers_what_is_new_once_and_waits_when_told(live_server: LiveServer, page: str) -> None:
    names = snippet(page, "answer_clients")
    key, secret = create_key(name="agent", scopes=[Scope.READ, Scope.PROPOSE])
    ApiKey.objects.filter(pk=key.pk).update(calls_per_minute=3)
    MessageFactory(text="До нас")
    settle()
    messages: list[Message] = []

    def write() -> None:
        messages.append(MessageFactory(text="Почём роза?"))
        MessageFactory(user=ManagerFactory(), text="Сейчас спрошу")

    def edit() -> None:
        counter.forget()
        Message.objects.filter(pk=messages[0].pk).update(forwarded_from="Ольга")

    # Nothing new; then a message, answered; the fourth call of the minute waits; the same message once more.
    names["time"] = clock = Clock(write, lambda: None, edit, counter.forget, lambda: None)

    with pytest.raises(EnoughError):
        names["answer_clients"](live_server.url, secret, lambda row: f"О «{row['text']}»: 95 рублей.")

    [draft] = PendingResponse.objects.all()
    assert draft.chat_id == messages[0].chat_id
    assert draft.response_text == "О «Почём роза?»: 95 рублей."
    assert clock.pauses[:2] == [2, 0]
    assert 1 <= clock.pauses[2] <= 60, "as Retry-After says"
