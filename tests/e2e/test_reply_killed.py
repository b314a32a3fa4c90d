"""The process dies between proposing a person's reply and approving it."""

import signal

import pytest
from django.contrib.auth.models import User

from messaging.models import Chat
from sandbox.actors import Actor
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.querysets import current_snapshot
from sandbox.replying import reply
from tests.e2e.processes import Processes
from tests.factories import ChatFactory, MessageFactory
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

FORM = "2b8a8d2e-58a5-4a0e-9d5d-3f1f6a0b9c11"
# Proposed, and dead before the next statement.
DYING = """
import os, signal
from django.contrib.auth.models import User
from sandbox import replying
from sandbox.actors import Actor
from sandbox.models import PendingResponse

def die(**arguments):
    assert PendingResponse.objects.filter(pk=arguments["response_id"]).exists()
    os.kill(os.getpid(), signal.SIGKILL)

replying.review.approve = die
anna = Actor.from_user(User.objects.get())
replying.reply(chat_id={chat}, text="Есть.", actor=anna, form_id="{form}", seen="{seen}")
"""


def test_nothing_is_left_and_the_same_form_makes_one_reply_afterwards(processes: Processes) -> None:
    anna = User.objects.create_user("anna", is_staff=True)
    chat: Chat = ChatFactory()
    MessageFactory(chat=chat)
    seen = current_snapshot()

    dying = processes.manage("shell", "-c", DYING.format(chat=chat.pk, form=FORM, seen=seen))
    code = dying.wait(60)

    assert code in (-signal.SIGKILL, 128 + signal.SIGKILL), processes.log("shell")
    assert not PendingResponse.objects.exists()
    assert not ResponseEvent.objects.exists()
    actor = Actor.from_user(anna)
    outcomes = [
        reply(chat_id=chat.pk, text="Есть.", actor=actor, form_id=FORM, seen=seen).created for _ in range(2)
    ]
    assert outcomes == [True, False]
    assert PendingResponse.objects.get().status == "approved"
