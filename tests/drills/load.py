"""What goes on while a fault is on: clients write, a program proposes, a person approves."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus

import requests

from tests.drills.hub import DrillHub
from tests.e2e.ledger import Ledger
from tests.e2e.processes import wait_for

# Private chats: Telegram lets twenty a minute into a group, and a drill has no minutes.
CHATS = tuple(range(7_000_001, 7_000_041))
PAUSE_SECONDS = 0.05
CALL_SECONDS = 20
# A call whose answer was lost is made again, under the same key, until somebody answers.
AGAIN_SECONDS = 0.2


class Manager:
    """Proposes replies and approves them; `approved` are the texts of those whose approval was answered."""

    def __init__(self, hub: DrillHub, key: str) -> None:
        self.approved: list[str] = []
        self._hub = hub
        self._headers = {"X-API-Key": key}
        self._count = 0

    def approve_one(self, enough: threading.Event) -> None:
        """One reply, once, whatever becomes of the calls."""
        self._count += 1
        text = f"Ответ {self._count}"
        body = {"chat_id": CHATS[self._count % len(CHATS)], "text": text}
        once = {"Idempotency-Key": uuid.uuid4().hex}
        proposed = self._until_answered("/send", body, once, enough)
        if proposed is None:
            return
        path = f"/sandbox/{proposed['id']}/approve"
        if self._until_answered(path, {"version": 1, "confirm_stale": True}, {}, enough) is not None:
            self.approved.append(text)

    def _until_answered(
        self, path: str, body: dict[str, object], headers: dict[str, str], enough: threading.Event
    ) -> dict[str, int] | None:
        """The answer, empty where a call whose answer was lost has decided; None where the drill is over."""
        while True:
            answer = self._ask(path, body, headers)
            if answer is not None and answer.status_code == HTTPStatus.CONFLICT:
                return {}
            if answer is not None and answer.ok:
                found: dict[str, int] = answer.json()
                return found
            if answer is not None and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise AssertionError(f"{path}: {answer.status_code} {answer.text[:300]}")
            if enough.wait(AGAIN_SECONDS):
                return None

    def _ask(self, path: str, body: dict[str, object], headers: dict[str, str]) -> requests.Response | None:
        """None where nobody answered."""
        url = f"{self._hub.web}/api/v1{path}"
        try:
            return requests.post(url, json=body, headers={**self._headers, **headers}, timeout=CALL_SECONDS)
        except requests.RequestException:
            return None


class Load:
    """Everything that goes on, and what was done so far."""

    def __init__(self, hub: DrillHub, key: str) -> None:
        self.ledger = Ledger(hub.telegram, hub.postgres.url, chats=CHATS)
        self.manager = Manager(hub, key)
        self.failures: list[BaseException] = []
        self.ledger.write(len(CHATS))
        wait_for(self.ledger.is_stored)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Clients write and replies are approved meanwhile."""
        enough = threading.Event()

        def approve() -> None:
            try:
                while not enough.wait(PAUSE_SECONDS):
                    self.manager.approve_one(enough)
            except BaseException as error:
                self.failures.append(error)
                raise

        with ExitStack() as stack:
            stack.enter_context(self.ledger.talk(pause=PAUSE_SECONDS))
            thread = threading.Thread(target=approve, name="manager")
            thread.start()
            stack.callback(thread.join)
            stack.callback(enough.set)
            yield
