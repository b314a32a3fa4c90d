"""The process that erases a person dies in the middle of a batch."""

import signal

import pytest

from cvgorod_hub.privacy.erasing import begin, run_all
from messaging.models import Message
from sandbox.actors import Actor
from tests.e2e.processes import Processes
from tests.factories import ChatFactory, MessageFactory, PersonFactory
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

MESSAGES = 30
# Killed inside the transaction of its third batch.
DYING = """
import os, signal
from cvgorod_hub.privacy import erasing, steps
from cvgorod_hub.privacy.models import Erasure

steps.MESSAGES_AT_ONCE = 5
blank, batches = steps.messages.blank_messages, []

def die(ids, *, why):
    counts = blank(ids, why=why)
    batches.append(ids)
    if len(batches) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return counts

steps.messages.blank_messages = die
erasing.run(Erasure.objects.get())
"""


def test_what_was_done_stays_done_and_the_rest_is_done_once(processes: Processes) -> None:
    person, chat = PersonFactory(), ChatFactory()
    for number in range(MESSAGES):
        MessageFactory(user=person, chat=chat, text=f"Роза {number}")
    erasure = begin(person_id=person.pk, request="письмо", actor=Actor(name="Анна"))

    dying = processes.manage("shell", "-c", DYING)
    code = dying.wait(120)

    assert code in (-signal.SIGKILL, 128 + signal.SIGKILL), processes.log("shell")
    erasure.refresh_from_db()
    assert (erasure.state, erasure.counts["messages"]) == ("running", 10)
    assert Message.objects.exclude(erased_at=None).count() == 10

    assert run_all(may_go_on=lambda: True) == 1

    erasure.refresh_from_db()
    assert (erasure.state, erasure.counts["messages"]) == ("finished", MESSAGES)
    assert not Message.objects.exclude(text="").exists()
