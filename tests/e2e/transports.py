"""A transport that stops at a gate, so that a test can end the process at exactly that moment."""

import os
import time
from pathlib import Path

from bots.transport import TelegramTransport
from sandbox.transport import SentMessage

GIVE_UP_SECONDS = 60


class GatedTransport(TelegramTransport):
    """Waits before the request, or after the answer, while `HUB_TEST_GATE` names an existing folder.

    The folder's name says where: `before` or `after`. A file `reached` in it says that a process waits.
    """

    def send(self, *, chat_id: int, text: str, reply_to_message_id: int | None) -> SentMessage:
        gate = Path(os.environ["HUB_TEST_GATE"])
        if gate.name == "before":
            _wait_at(gate)
        sent = super().send(chat_id=chat_id, text=text, reply_to_message_id=reply_to_message_id)
        if gate.name == "after":
            _wait_at(gate)
        return sent


def _wait_at(gate: Path) -> None:
    if not gate.exists():
        return
    (gate / "reached").touch()
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while gate.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
