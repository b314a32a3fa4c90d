"""The worker is killed at each step of a delivery; what arrived is counted in the simulated Telegram."""

import shutil
import threading
from pathlib import Path

import pytest
import requests
from django.test import override_settings

from bots.simulator import SimulatedTelegram, answers
from cvgorod_hub.api.keys import create_key
from messaging.models import Message
from sandbox import delivery, dispatch, review
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from sandbox.tasks import deliver_due_responses
from sandbox.transport import get_transport
from tests.e2e.database import locked
from tests.e2e.processes import Processes, wait_for
from tests.factories import ChatFactory
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

MANAGER = Actor(name="Анна")
CHAT = -1001


@pytest.fixture
def response(telegram: SimulatedTelegram) -> PendingResponse:
    """Approved, and nobody has begun to send it."""
    ChatFactory(id=CHAT)
    telegram.add_chat(CHAT, title="Ромашка")
    draft = propose(proposal=Proposal(chat_id=CHAT, text="Есть, 95 рублей."), actor=Actor(name="agent"))
    return review.approve(response_id=draft.response.pk, actor=MANAGER)


def status(response: PendingResponse) -> str:
    return PendingResponse.objects.get(pk=response.pk).status


def arrived(telegram: SimulatedTelegram) -> list[str]:
    return [sent.text for sent in telegram.sent_messages]


def a_worker_dies_waiting_for(table: str, processes: Processes) -> None:
    worker = processes.worker()
    with locked(table, processes.database_url) as is_awaited:
        deliver_due_responses.delay()
        wait_for(is_awaited)
        processes.kill(worker)


def another_worker_and_the_sweeps_come(telegram: SimulatedTelegram) -> None:
    """Much later: what is still "being sent" was interrupted, and this process delivers what is due."""
    PendingResponse.objects.filter(status="sending").update(claimed_at="2026-01-01T00:00:00Z")
    delivery.settle_interrupted()
    proposal = Proposal(chat_id=CHAT, text="Следующий ответ.")
    other = propose(proposal=proposal, actor=Actor(name="agent")).response
    review.approve(response_id=other.pk, actor=MANAGER, confirm_stale=True)
    deliver_here(telegram)
    assert status(other) == "sent"


def deliver_here(telegram: SimulatedTelegram) -> None:
    with override_settings(
        TELEGRAM_API_URL=telegram.url,
        TELEGRAM_BOT_TOKEN=telegram.token,
        SANDBOX_TRANSPORT="bots.transport.TelegramTransport",
    ):
        get_transport()  # its first import takes longer than all the rest, on a busy machine half a minute
        dispatch.deliver_due(seconds=30)


def test_before_the_claim_is_committed(
    processes: Processes, telegram: SimulatedTelegram, response: PendingResponse
) -> None:
    a_worker_dies_waiting_for("pending_response_events", processes)
    wait_for(lambda: status(response) == "approved")

    another_worker_and_the_sweeps_come(telegram)

    assert status(response) == "sent"
    assert arrived(telegram) == ["Есть, 95 рублей.", "Следующий ответ."]


@pytest.mark.parametrize(("place", "count"), [("before", 0), ("after", 1)])
def test_between_the_claim_and_the_outcome(
    processes: Processes,
    telegram: SimulatedTelegram,
    response: PendingResponse,
    tmp_path: Path,
    place: str,
    count: int,
) -> None:
    gate = tmp_path / place
    gate.mkdir()
    processes.environment["SANDBOX_TRANSPORT"] = "tests.e2e.transports.GatedTransport"
    processes.environment["HUB_TEST_GATE"] = str(gate)
    worker = processes.worker()
    deliver_due_responses.delay()
    wait_for((gate / "reached").exists)
    processes.kill(worker)
    shutil.rmtree(gate)

    another_worker_and_the_sweeps_come(telegram)

    assert status(response) == "unknown"
    assert arrived(telegram) == ["Есть, 95 рублей."] * count + ["Следующий ответ."]


def test_while_the_request_hangs(
    processes: Processes, telegram: SimulatedTelegram, response: PendingResponse
) -> None:
    telegram.script("sendMessage", [answers.hang(delivered=True)])
    worker = processes.worker()
    deliver_due_responses.delay()
    wait_for(lambda: telegram.hanging_calls == 1)
    processes.kill(worker)

    another_worker_and_the_sweeps_come(telegram)

    assert status(response) == "unknown"
    assert arrived(telegram) == ["Есть, 95 рублей.", "Следующий ответ."]


def test_before_the_outcome_is_committed(
    processes: Processes, telegram: SimulatedTelegram, response: PendingResponse
) -> None:
    a_worker_dies_waiting_for("messages", processes)
    assert not Message.objects.filter(source="sent").exists()

    another_worker_and_the_sweeps_come(telegram)

    assert status(response) == "unknown"
    assert arrived(telegram) == ["Есть, 95 рублей.", "Следующий ответ."]
    review.mark_sent(response_id=response.pk, actor=MANAGER)
    assert Message.objects.filter(source="sent").count() == 2


def test_a_person_may_send_again_what_never_left(
    telegram: SimulatedTelegram, response: PendingResponse
) -> None:
    PendingResponse.objects.filter(pk=response.pk).update(
        status="sending", attempts=1, claimed_at="2026-01-01T00:00:00Z"
    )
    delivery.settle_interrupted()

    review.retry(response_id=response.pk, actor=MANAGER, attempts=1)
    deliver_here(telegram)

    assert arrived(telegram) == ["Есть, 95 рублей."]
    assert list(response.events.values_list("kind", "actor_name"))[-3:] == [
        ("retried", "Анна"),
        ("claimed", "hub"),
        ("sent", "hub"),
    ]


def test_a_hundred_approvals_by_two_web_processes_are_one_message(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    ChatFactory(id=CHAT)
    telegram.add_chat(CHAT, title="Ромашка")
    key = create_key(name="reviewer", scopes=["read", "propose", "review"])[1]
    draft = propose(proposal=Proposal(chat_id=CHAT, text="Есть."), actor=Actor(name="agent")).response
    addresses = [processes.web(), processes.web()]
    barrier, codes = threading.Barrier(20), []

    def approve(number: int) -> None:
        url = f"{addresses[number % 2]}/api/v1/sandbox/{draft.pk}/approve"
        barrier.wait()
        codes.extend(requests.post(url, headers={"X-API-Key": key}, timeout=60).status_code for _ in range(5))

    threads = [threading.Thread(target=approve, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == [200] + [409] * 99
    deliver_here(telegram)
    assert arrived(telegram) == ["Есть."]
