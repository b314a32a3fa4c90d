"""Two web processes and two workers on one database, straight or through PgBouncer: everything once."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from bots.simulator import SimulatedTelegram
from cvgorod_hub.api.keys import create_key
from messaging.models import Message
from sandbox.models import PendingResponse
from tests.cvgorod_hub.conftest import open_folder
from tests.e2e.ledger import CHATS, Ledger
from tests.e2e.pooler import pgbouncer
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

REPLIES = 24
AGENTS = 8
# More often than psycopg waits before it prepares a statement.
READS = 8


@pytest.fixture(params=["straight", "pooled"])
def scaled(request: pytest.FixtureRequest, processes: Processes) -> Iterator[Processes]:
    if request.param == "straight":
        yield processes
        return
    direct = processes.database_url
    with open_folder() as folder, pgbouncer(direct, folder) as pooled:
        processes.environment |= {
            "DATABASE_URL": pooled,
            "DATABASE_POOLER": "transaction",
            "DATABASE_DIRECT_URL": direct,
        }
        yield processes
        processes.close()  # before the pooler ends, or their logs would be full of it


def test_what_comes_is_stored_once_and_what_is_approved_is_sent_once(
    scaled: Processes, telegram: SimulatedTelegram
) -> None:
    for chat in CHATS:
        telegram.add_chat(chat, title=f"Магазин {chat}")
    ledger = Ledger(telegram, scaled.environment["DATABASE_DIRECT_URL"] or scaled.database_url)
    key = create_key(name="agent", scopes=["read", "propose", "review"], calls_per_minute=10_000)[1]
    ledger.write(len(CHATS))
    collector = scaled.manage("collect_telegram")
    workers = [scaled.worker(), scaled.worker()]
    scaled.beat()
    addresses = [scaled.web(), scaled.web()]
    wait_for(ledger.is_stored)

    with ledger.talk():
        codes = talk_to_the_api(addresses, key)
    wait_for(lambda: PendingResponse.objects.filter(status="sent").count() == REPLIES)
    wait_for(ledger.is_stored)

    assert codes == Counter({"POST 201": REPLIES, "approve 200": REPLIES, "GET 200": REPLIES * READS * 2})
    assert sorted(sent.text for sent in telegram.sent_messages) == sorted(map(reply, range(REPLIES)))
    ledger.check_all_is_there_once()
    assert Message.objects.filter(source="sent").count() == REPLIES
    assert [process.poll() for process in (collector, *workers)] == [None] * 3
    assert scaled.manage("collect_telegram", "--once").wait(60) == 1
    assert "already polled by collect_telegram on" in scaled.log("collect_telegram")
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(10) == 0


def reply(number: int) -> str:
    return f"Ответ {number}"


def talk_to_the_api(addresses: list[str], key: str) -> "Counter[str]":
    """Agents that propose, read and approve at the same time, each call at the other web process."""
    codes: Counter[str] = Counter()
    counting = threading.Lock()
    turns = iter(range(REPLIES))

    def work(agent: int) -> None:
        with requests.Session() as session:
            session.headers["X-API-Key"] = key
            while (number := next_turn()) is not None:
                for code in _one_reply(session, addresses[number % 2], addresses[1 - number % 2], number):
                    with counting:
                        codes[code] += 1

    def next_turn() -> int | None:
        with counting:
            return next(turns, None)

    threads = [threading.Thread(target=work, args=(agent,)) for agent in range(AGENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


def _one_reply(session: requests.Session, first: str, second: str, number: int) -> Iterator[str]:
    body = {"chat_id": CHATS[number % len(CHATS)], "text": reply(number)}
    made = session.post(f"{first}/api/v1/send", json=body, timeout=60)
    yield f"POST {made.status_code}"
    draft = f"{second}/api/v1/sandbox/{made.json()['id']}"
    for _ in range(READS):
        yield f"GET {session.get(f'{first}/api/v1/messages', timeout=60).status_code}"
        yield f"GET {session.get(draft, timeout=60).status_code}"
    yield f"approve {session.post(f'{draft}/approve', json={'confirm_stale': True}, timeout=60).status_code}"
