"""Calls that may lag are answered by a standby, all others by the primary; without it, all by the primary."""

import pytest
import requests
from django.utils import timezone

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey
from tests.cvgorod_hub.conftest import open_folder
from tests.e2e.processes import Processes, wait_for
from tests.e2e.standby import standby_of
from tests.factories import ChatFactory, MessageFactory
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]


class Agent:
    def __init__(self, address: str) -> None:
        self._key = create_key(name="agent", scopes=["read", "propose"])[1]
        self._address = address

    def get(self, call: str, **parameters: str) -> requests.Response:
        return requests.get(self._url(call), params=parameters, headers=self._headers, timeout=60)

    def post(self, call: str, body: object) -> requests.Response:
        return requests.post(self._url(call), json=body, headers=self._headers, timeout=60)

    def texts(self, **parameters: str) -> list[str]:
        answer = self.get("messages", **parameters)
        assert answer.status_code == 200, answer.text
        return [row["text"] for row in answer.json()["results"]]

    def _url(self, call: str) -> str:
        return f"{self._address}/api/v1/{call}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-API-Key": self._key}


def test_what_may_lag_is_read_from_the_standby_and_nothing_else(processes: Processes) -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, text="Роза есть?")
    with open_folder() as folder:
        with standby_of(processes.database_url, folder / "standby") as standby:
            processes.environment |= {
                "DATABASE_REPLICA_URL": standby.url,
                "DATABASE_REPLICA_MAX_LAG": "3600",
            }
            agent = Agent(processes.web())
            standby.catch_up()
            # From the first call on, whose place in the log the standby is to pass.
            wait_for(lambda: agent.texts() == ["Роза есть?"] and standby.was_read())

            standby.halt()
            news = MessageFactory(chat=chat, text="Пион есть?")

            assert agent.texts() == ["Роза есть?"]
            assert agent.get(f"messages/{news.pk}").json()["text"] == "Пион есть?"
            context = agent.get(f"messages/{news.pk}/context").json()["results"]
            assert [row["text"] for row in context] == ["Роза есть?", "Пион есть?"]
            assert agent.get(f"messages/{news.pk + 1}").status_code == 404
            assert agent.get("messages/stats/total").json()["total_messages"] == 1
            assert agent.texts(after="") == ["Роза есть?", "Пион есть?"]
            made = agent.post("send", {"chat_id": chat.pk, "text": "Есть."}).json()
            assert agent.get(f"sandbox/{made['id']}").json()["status"] == "pending"
            [draft] = agent.get("sandbox/pending").json()["results"]
            assert draft["id"] == made["id"]
            ApiKey.objects.update(revoked_at=timezone.now())
            assert agent.get("messages").status_code == 401
            ApiKey.objects.update(revoked_at=None)

        assert agent.texts() == ["Пион есть?", "Роза есть?"]
        assert "replica is away error=OperationalError" in processes.log("web")
