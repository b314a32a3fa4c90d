"""A message in, a draft, an approval, a reply out: real collector, real worker, simulated Telegram."""

import pytest

from bots.simulator import SimulatedTelegram
from messaging.models import Chat, Message
from sandbox import review
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
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
