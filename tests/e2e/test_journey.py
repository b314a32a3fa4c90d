"""A message in, a draft, an approval, a reply out: real collector, real worker, simulated Telegram."""

import pytest
import redis
from django.conf import settings

from bots.simulator import SimulatedTelegram, answers
from messaging.models import Chat, Message
from sandbox import delivery, review
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from sandbox.tasks import deliver_due_responses
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

CHAT = -1001
AGENT, MANAGER = Actor(name="agent"), Actor(name="Анна")


def approve_reply(text: str = "Есть, 95 рублей.") -> PendingResponse:
    proposed = propose(proposal=Proposal(chat_id=CHAT, text=text), actor=AGENT)
    return review.approve(response_id=proposed.response.pk, actor=MANAGER)


def status(response: PendingResponse) -> str:
    return PendingResponse.objects.get(pk=response.pk).status


def test_the_whole_journey(processes: Processes, telegram: SimulatedTelegram) -> None:
    telegram.client_writes(CHAT, "Роза есть?")
    processes.manage("collect_telegram")
    processes.worker()
    question = wait_for(lambda: Message.objects.filter(text="Роза есть?").first())
    assert question.analysis.intent == "question"
    assert Chat.objects.get(pk=CHAT).waiting_since is not None

    response = approve_reply()

    wait_for(lambda: status(response) == "sent")
    assert [(sent.chat_id, sent.text) for sent in telegram.sent_messages] == [(CHAT, "Есть, 95 рублей.")]
    reply = Message.objects.get(source="sent")
    assert (reply.text, reply.user_id) == ("Есть, 95 рублей.", telegram.bot["id"])
    assert Chat.objects.get(pk=CHAT).waiting_since is None


def test_a_worker_killed_while_the_send_hangs_leaves_one_message_and_a_question_for_people(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    telegram.client_writes(CHAT, "Роза есть?")
    assert processes.manage("collect_telegram", "--once").wait(60) == 0
    telegram.script("sendMessage", [answers.hang(delivered=True)])
    worker = processes.worker()

    response = approve_reply()
    wait_for(lambda: telegram.hanging_calls == 1)
    processes.kill(worker)
    processes.worker()
    PendingResponse.objects.filter(status="sending").update(claimed_at="2026-01-01T00:00:00Z")
    delivery.settle_interrupted()

    wait_for(lambda: status(response) == "unknown")
    other = approve_reply("Второй ответ.")
    wait_for(lambda: status(other) == "sent")
    assert status(response) == "unknown"
    assert [sent.text for sent in telegram.sent_messages] == ["Есть, 95 рублей.", "Второй ответ."]


def test_an_approval_whose_nudge_was_lost_is_delivered_by_the_sweep(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    telegram.client_writes(CHAT, "Роза есть?")
    assert processes.manage("collect_telegram", "--once").wait(60) == 0
    response = approve_reply()  # no worker runs, and its queue is then emptied
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    processes.worker()
    deliver_due_responses.delay()

    wait_for(lambda: status(response) == "sent")
    assert len(telegram.sent_messages) == 1
