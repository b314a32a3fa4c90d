"""The README's program that answers, as somebody would paste it, over real HTTP."""

from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from cvgorod_hub.api.keys import create_key
from sandbox.models import PendingResponse
from tests.factories import MessageFactory
from tests.marks import committed
from tests.readme import readme_function

pytestmark = committed


def answer(message: dict[str, Any]) -> str | None:
    return "Да, есть." if message["text"].endswith("?") else None


def test_the_program_answers_what_is_new_once(live_server: LiveServer) -> None:
    answer_news = readme_function("answer_news")
    MessageFactory.create(text="Есть ли роза?")
    _key, text = create_key(name="agent", scopes=["read", "propose"])
    with requests.Session() as hub:
        hub.headers["X-API-Key"] = text
        start = answer_news(hub, f"{live_server.url}/api/v1/messages?after=latest&clients_only=true", answer)
        question = MessageFactory.create(text="А тюльпаны есть?")
        MessageFactory.create(text="Спасибо!")

        ends = [answer_news(hub, start, answer) for _ in range(2)]  # the second time it proposes nothing new
        assert answer_news(hub, ends[0], answer) == ends[0] == ends[1]

    assert list(PendingResponse.objects.values_list("chat", "response_text")) == [
        (question.chat_id, "Да, есть.")
    ]


def test_the_program_says_when_it_is_refused(live_server: LiveServer) -> None:
    with requests.Session() as hub, pytest.raises(requests.HTTPError, match="401"):
        readme_function("answer_news")(hub, f"{live_server.url}/api/v1/messages?after=latest", answer)
