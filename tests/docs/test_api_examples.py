"""The calls of docs/api.md, one after the other against a live server: each is answered as the page says."""

import re
import shlex
from pathlib import Path
from string import Template
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.keys.limits import counter
from cvgorod_hub.api.models import Scope
from tests.docs.pages import read
from tests.docs.snippets import API_PAGES
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory, PersonFactory
from tests.marks import committed

# What the page sets to an invented value, and where the real one comes from.
FROM_THE_ANSWER = {"ID": "id", "BATCH": "batch_id"}


def commands(path: Path) -> list[str]:
    blocks = [text for language, text in read(path).blocks if language == "bash"]
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def ask(words: list[str]) -> requests.Response:
    """What curl would do with these words; others than the page uses are a mistake."""
    headers, method, body, [url] = {}, "GET", None, [words.pop()]
    while words:
        option, value = words.pop(0), words.pop(0)
        if option == "-H":
            name, _colon, text = value.partition(": ")
            headers[name] = text
        elif option == "-d":
            method, body = "POST", value.encode()
        else:
            assert option == "-X", option
            method = value
    return requests.request(method, url, headers=headers, data=body, timeout=30)


@pytest.fixture
def _rows() -> None:
    """What the examples speak of."""
    chat = ChatFactory(id=-1001000000001, waiting_since=timezone.now())
    olga = PersonFactory(id=501, first_name="Ольга")
    message = MessageFactory(id=1007, chat=chat, user=olga, telegram_message_id=4711, text="Почём роза?")
    AnalysisFactory(message=message, is_urgent=True)


@committed
@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("path", API_PAGES, ids=["en", "ru"])
def test_every_call_is_answered_as_the_page_says(live_server: LiveServer, path: Path) -> None:
    counter.forget()
    _key, secret = create_key(name="my-agent", scopes=[Scope.READ, Scope.PROPOSE, Scope.REVIEW])
    known = {"H": f"X-API-Key: {secret}", "A": f"{live_server.url}/api/v1"}
    answer: Any = None
    asked = 0

    for command in commands(path):
        words = shlex.split(command, comments=True)
        if words[0] != "curl":
            for name, value in (word.rstrip(";").split("=", 1) for word in words):
                known.setdefault(
                    name, str(answer[FROM_THE_ANSWER[name]]) if name in FROM_THE_ANSWER else value
                )
            continue
        response = ask([Template(word).substitute(known) for word in words[1:]])
        answer = response.json()
        asked += 1

        [status] = re.findall(r"# (\d{3})", command)
        assert response.status_code == int(status), (command, answer)

    assert asked == 24
