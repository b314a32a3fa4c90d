"""What must be true when a fault is over: every message once, every approved reply once or in doubt."""

import json
from collections import Counter
from dataclasses import dataclass

from tests.drills.hub import DrillHub
from tests.drills.load import Load
from tests.e2e.processes import wait_for

RECOVERY_SECONDS = 180
_OPEN = "SELECT count(*) FROM pending_responses WHERE status IN ('approved', 'sending')"
_REPLIES = "SELECT response_text, status FROM pending_responses"
_VOICES = "SELECT count(*) FROM recordings WHERE file = ''"


@dataclass(frozen=True, kw_only=True)
class Reckoning:
    """`unknown`: replies of which the hub says that it does not know; `arrived` of them in Telegram."""

    messages: int
    approved: int
    sent: int
    unknown: int
    arrived: int


def reckon(hub: DrillHub, load: Load) -> Reckoning:
    """Wait for the hub to recover, then count; AssertionError where anything is lost or doubled."""
    assert load.failures == []
    wait_for(load.ledger.is_stored, seconds=RECOVERY_SECONDS)
    wait_for(lambda: hub.query(_OPEN) == [(0,)], seconds=RECOVERY_SECONDS)
    wait_for(lambda: hub.query(_VOICES) == [(0,)], seconds=RECOVERY_SECONDS)
    wait_for(lambda: hub.telegram.is_polled)
    load.ledger.check_all_is_there_once()
    assert _broken_counts(hub) == []
    return _count_replies(hub, load)


def _count_replies(hub: DrillHub, load: Load) -> Reckoning:
    states = {str(text): str(status) for text, status in hub.query(_REPLIES)}
    arrived = Counter(message.text for message in hub.telegram.sent_messages)
    sent = {text for text, status in states.items() if status == "sent"}
    unknown = {text for text, status in states.items() if status == "unknown"}
    assert [text for text, count in arrived.items() if count > 1] == []
    assert arrived.keys() - sent - unknown == set()
    assert sent - arrived.keys() == set()
    assert set(load.manager.approved) - sent - unknown == set()
    return Reckoning(
        messages=len(hub.query("SELECT 1 FROM messages WHERE source = 'telegram'")),
        approved=len(load.manager.approved),
        sent=len(sent),
        unknown=len(unknown),
        arrived=len(unknown & arrived.keys()),
    )


def _broken_counts(hub: DrillHub) -> list[str]:
    log = hub.folder / "hub_report.log"
    log.unlink(missing_ok=True)
    assert hub.processes.manage("hub_report", "--json").wait(60) == 0
    found: list[str] = json.loads(log.read_text(encoding="utf-8"))["broken_counts"]
    return found
