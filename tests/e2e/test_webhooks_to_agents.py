"""A real worker is killed while the agent has the request in hand; the event comes again, under one id."""

import threading

import pytest
from django.db import connection

from cvgorod_hub.api.hooks.delivery import LEASE
from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.signing import new_seed, secret_of
from cvgorod_hub.api.hooks.tasks import deliver_webhooks
from sandbox import review
from sandbox.actors import Actor
from sandbox.proposals import Proposal, propose
from tests.e2e.processes import Processes, wait_for
from tests.factories import ChatFactory
from tests.hooks.receiver import Receiver, Reply
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]


def test_kill_9_in_the_middle_of_a_post_loses_nothing(processes: Processes) -> None:
    with Receiver() as agent:
        is_asked, may_answer = threading.Event(), threading.Event()

        def answer_late() -> None:
            is_asked.set()
            may_answer.wait(60)

        agent.script = [Reply(before=answer_late)]
        endpoint = WebhookEndpoint.objects.create(
            name="agent", url=agent.url, events=[Event.DRAFT_DECIDED], seed=new_seed()
        )
        worker = processes.worker()
        proposal = Proposal(chat_id=ChatFactory.create().pk, text="Да, есть.")
        draft = propose(proposal=proposal, actor=Actor(name="agent")).response
        review.reject(response_id=draft.pk, actor=Actor(name="Анна"), reason="Нет")

        wait_for(is_asked.is_set)
        processes.kill(worker)
        may_answer.set()
        cut_off = WebhookDelivery.objects.get()
        assert (cut_off.state, cut_off.attempts) == (WebhookDelivery.State.PENDING, 1)
        assert deliver_webhooks() == 0  # the lease of whoever may be at it still holds
        with connection.cursor() as cursor:
            for table, column in {
                "webhook_endpoints": "leased_until",
                "webhook_deliveries": "next_attempt_at",
            }.items():
                cursor.execute(f"UPDATE {table} SET {column} = {column} - %s", [LEASE])  # noqa: S608
        assert deliver_webhooks() == 1

        ids = {received.event_id for received in agent.received}
        assert (len(agent.received), ids) == (2, {str(cut_off.event_id)})
        for received in agent.received:
            received.verify(secret_of(endpoint.seed))
        assert WebhookDelivery.objects.get().state == WebhookDelivery.State.DELIVERED
