"""Real workers ask a DeepSeek on loopback: one is killed while it waits, and two share a backlog."""

import threading

import pytest
from django.db.models import Sum

from intents.llm.claims import LEASE
from intents.llm.queue import classify_due_batch
from intents.models import MessageAnalysis, ModelRequest, ModelUsage
from intents.tasks import classify_unsure_messages
from tests.e2e.processes import Processes, wait_for
from tests.intents.conftest import deepseek
from tests.intents.deepseek_stub import Answer, DeepSeekStub
from tests.intents.due import asked_texts, due
from tests.marks import committed

__all__ = ["deepseek"]

pytestmark = [committed, pytest.mark.e2e]
Source = MessageAnalysis.Source


@pytest.fixture
def workers(processes: Processes, deepseek: DeepSeekStub) -> Processes:
    processes.environment |= {"DEEPSEEK_API_KEY": "sk-only-for-tests", "DEEPSEEK_API_URL": deepseek.url}
    return processes


def test_kill_9_while_the_model_is_asked_doubles_nothing(
    workers: Processes,
    deepseek: DeepSeekStub,
) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def answer_late() -> None:
        is_asked.set()
        may_answer.wait(60)

    deepseek.script = [Answer(before=answer_late)]
    texts = [f"сообщение {number}" for number in range(3)]
    for text in texts:
        due(text)
    worker = workers.worker()
    classify_unsure_messages.delay()

    wait_for(is_asked.is_set)
    workers.kill(worker)
    may_answer.set()
    assert not classify_due_batch()  # the lease of whoever may be at it still holds
    assert not ModelUsage.objects.exists()
    for row in MessageAnalysis.objects.all():
        assert row.model_due_at is not None
        MessageAnalysis.objects.filter(pk=row.pk).update(model_due_at=row.model_due_at - LEASE)
    lost = ModelRequest.objects.get()
    ModelRequest.objects.update(ends_at=lost.ends_at - LEASE)

    assert classify_due_batch()
    assert not classify_due_batch()

    assert asked_texts(deepseek) == [texts, texts]
    assert set(MessageAnalysis.objects.values_list("source", "model_attempts")) == {(Source.MODEL, 0)}
    # What the killed request used nobody knows: it counts as the most it may have, by the settings' model.
    used = {row.model: row for row in ModelUsage.objects.all()}
    answered, killed = used["deepseek-flash-1017"], used["deepseek-flash"]
    assert (answered.requests, answered.failures, answered.messages) == (1, 0, 3)
    assert (answered.hit_tokens, answered.miss_tokens, answered.output_tokens) == (64, 16, 20)
    assert (killed.requests, killed.failures, killed.messages) == (1, 1, 0)
    assert killed.hit_tokens + killed.miss_tokens + killed.output_tokens == lost.tokens > 100
    assert not ModelRequest.objects.exists()


def test_two_workers_share_a_backlog_and_do_nothing_twice(
    workers: Processes,
    deepseek: DeepSeekStub,
) -> None:
    texts = [f"сообщение {number}" for number in range(100)]
    for text in texts:
        due(text)
    for _ in range(2):
        workers.worker()
    for _ in range(6):
        classify_unsure_messages.delay()

    wait_for(lambda: not MessageAnalysis.objects.filter(model_due_at__isnull=False).exists())
    wait_for(lambda: not ModelRequest.objects.exists())

    asked = [text for batch in asked_texts(deepseek) for text in batch]
    assert sorted(asked) == sorted(texts)
    assert set(MessageAnalysis.objects.values_list("source", "model_attempts")) == {(Source.MODEL, 0)}
    sums = ModelUsage.objects.aggregate(Sum("requests"), Sum("messages"), Sum("failures"))
    assert sums == {
        "requests__sum": len(deepseek.requests),
        "messages__sum": 100,
        "failures__sum": 0,
    }
