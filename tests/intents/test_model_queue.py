"""The model's turn: claimed once, written once, given up in the end."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from intents import deepseek as deepseek_client
from intents import model_queue
from intents.classification import classify_by_patterns
from intents.deepseek import Reply
from intents.model_queue import MOST_ATTEMPTS, PAUSED, classify_due_batch
from intents.models import Intent, MessageAnalysis
from intents.prompt import PROMPT_VERSION, Asked
from intents.tasks import classify_unsure_messages
from tests.factories import NOW, AnalysisFactory
from tests.intents.deepseek_stub import Answer, DeepSeekStub, asked_messages, completion, rows_for
from tests.marks import committed

pytestmark = pytest.mark.django_db
Source = MessageAnalysis.Source


def due(text: str = "кения", **fields: Any) -> MessageAnalysis:
    return AnalysisFactory.create(
        message__text=text, **{"model_due_at": NOW, "intent": Intent.OTHER, "confidence": 0.3, **fields}
    )


def test_the_models_verdict_replaces_the_patterns(deepseek: DeepSeekStub) -> None:
    analysis = due()

    assert classify_due_batch()

    analysis.refresh_from_db()
    assert (analysis.intent, analysis.source, analysis.confidence) == (Intent.ORDER, Source.MODEL, 0.9)
    assert (analysis.model_used, analysis.prompt_version) == ("deepseek-flash-1017", PROMPT_VERSION)
    assert (analysis.tokens_used, analysis.model_due_at, analysis.model_error) == (100, None, "")


def test_newest_messages_go_first_and_many_in_one_request(
    deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_queue, "BATCH", 2)
    for number in range(3):
        due(f"сообщение {number}")

    classify_unsure_messages.run()

    texts = [[message["text"] for message in asked_messages(request)] for request in deepseek.requests]
    assert texts == [["сообщение 1", "сообщение 2"], ["сообщение 0"]]


@pytest.mark.parametrize(
    "fields",
    [{"model_due_at": None}, {"model_due_at": NOW + timedelta(days=9999)}, {"source": Source.PERSON}],
)
def test_what_is_not_due_is_not_asked(fields: dict[str, Any], deepseek: DeepSeekStub) -> None:
    due(**fields)

    assert not classify_due_batch()
    assert deepseek.requests == []


def test_without_a_key_nothing_is_asked(deepseek: DeepSeekStub, settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = ""
    due()

    assert not classify_due_batch()
    assert deepseek.requests == []


def test_a_row_left_out_is_asked_again_alone(deepseek: DeepSeekStub) -> None:
    first, second = due("первое"), due("второе")
    deepseek.script = [Answer(rows=lambda request: rows_for(request)[:1])]

    classify_due_batch()

    texts = [[message["text"] for message in asked_messages(request)] for request in deepseek.requests]
    assert texts == [["первое", "второе"], ["второе"]]
    for analysis in (first, second):
        analysis.refresh_from_db()
        assert analysis.source == Source.MODEL


def test_a_useless_answer_is_asked_for_one_by_one(deepseek: DeepSeekStub) -> None:
    analyses = [due(), due()]
    deepseek.script = [Answer(body=completion(" "))]

    classify_due_batch()

    assert len(deepseek.requests) == 3
    for analysis in analyses:
        analysis.refresh_from_db()
        assert analysis.source == Source.MODEL


def test_a_message_that_the_api_refuses_keeps_the_patterns_verdict(deepseek: DeepSeekStub) -> None:
    first, poison = due("первое"), due("яд")
    deepseek.script = [Answer(400, b"{}"), Answer(), Answer(400, b"{}")]

    classify_due_batch()

    first.refresh_from_db()
    poison.refresh_from_db()
    assert first.source == Source.MODEL
    assert (poison.source, poison.intent, poison.model_due_at) == (Source.PATTERN, Intent.OTHER, None)
    assert "400" in poison.model_error


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_in_trouble_is_asked_later_and_left_alone_meanwhile(
    status: int, deepseek: DeepSeekStub
) -> None:
    analysis = due()
    deepseek.script = [Answer(status, b"{}")]

    assert not classify_due_batch()
    assert not classify_due_batch()

    analysis.refresh_from_db()
    assert len(deepseek.requests) == 1
    assert str(status) in analysis.model_error
    assert analysis.model_due_at is not None
    assert analysis.model_due_at > timezone.now()


def test_pauses_grow(deepseek: DeepSeekStub) -> None:
    analysis = due()
    pauses = []
    for _ in range(3):
        deepseek.script = [Answer(500, b"{}")]
        asked_at = timezone.now()
        classify_due_batch()
        analysis.refresh_from_db()
        assert analysis.model_due_at is not None
        pauses.append(round((analysis.model_due_at - asked_at).total_seconds()))
        cache.delete(PAUSED)
        MessageAnalysis.objects.update(model_due_at=NOW)

    assert pauses == [15, 30, 60]


def test_after_the_last_attempt_the_patterns_verdict_stays(deepseek: DeepSeekStub) -> None:
    analysis = due(model_attempts=MOST_ATTEMPTS - 1)
    deepseek.script = [Answer(500, b"{}")]

    classify_due_batch()

    analysis.refresh_from_db()
    assert (analysis.source, analysis.intent, analysis.model_due_at) == (Source.PATTERN, Intent.OTHER, None)
    assert (analysis.model_attempts, analysis.model_error) == (
        MOST_ATTEMPTS,
        "DeepSeek refused the request (HTTP 500)",
    )


@pytest.mark.parametrize("status", [401, 402])
def test_the_accounts_trouble_stops_the_queue_and_costs_no_attempt(
    status: int, deepseek: DeepSeekStub, caplog: pytest.LogCaptureFixture
) -> None:
    analysis = due()
    due()
    deepseek.script = [Answer(status, b"{}")]

    classify_unsure_messages.run()
    classify_unsure_messages.run()

    analysis.refresh_from_db()
    assert len(deepseek.requests) == 1
    assert (analysis.model_attempts, analysis.source) == (0, Source.PATTERN)
    assert analysis.model_due_at is not None
    assert str(status) in caplog.text


@pytest.mark.parametrize("meanwhile", ["person", "edit"])
def test_what_changed_while_the_model_thought_wins(meanwhile: str, deepseek: DeepSeekStub) -> None:
    analysis = due(text="кения")
    row = MessageAnalysis.objects.filter(pk=analysis.pk)
    original = deepseek_client.ask

    def ask(asked: Sequence[Asked]) -> Reply:
        reply = original(asked)
        if meanwhile == "person":
            row.update(intent=Intent.COMPLAINT, source=Source.PERSON)
        else:
            analysis.message.text = "розы гнилые"
            analysis.message.save()
            classify_by_patterns([analysis.message])
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deepseek_client, "ask", ask)
        classify_due_batch()

    found = row.get()
    expected = Source.PERSON if meanwhile == "person" else Source.PATTERN
    assert (found.intent, found.source) == (Intent.COMPLAINT, expected)


def test_a_worker_that_died_gives_its_messages_back(deepseek: DeepSeekStub) -> None:
    class KilledError(Exception):
        pass

    def die(_asked: Sequence[Asked]) -> Reply:
        raise KilledError

    analysis = due()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deepseek_client, "ask", die)
        patch.setattr(model_queue, "LEASE", timedelta(0))
        with pytest.raises(KilledError):
            classify_due_batch()

    assert classify_due_batch()
    analysis.refresh_from_db()
    assert (analysis.source, analysis.model_attempts) == (Source.MODEL, 2)


@committed
def test_no_transaction_is_open_while_the_model_is_asked(deepseek: DeepSeekStub) -> None:
    due()
    original, seen = deepseek_client.ask, []

    def ask(asked: Sequence[Asked]) -> Reply:
        seen.append(connection.in_atomic_block)
        return original(asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deepseek_client, "ask", ask)
        classify_due_batch()

    assert seen == [False]


@committed
def test_two_workers_never_ask_about_one_message(
    deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_queue, "BATCH", 3)
    for number in range(12):
        due(text=f"сообщение {number}")
    both = threading.Barrier(2)

    def work() -> None:
        try:
            both.wait(10)
            while classify_due_batch():
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    asked = [message["text"] for request in deepseek.requests for message in asked_messages(request)]
    assert sorted(asked) == sorted(f"сообщение {number}" for number in range(12))
    assert set(MessageAnalysis.objects.values_list("source", "model_attempts")) == {(Source.MODEL, 1)}


def test_a_second_sweep_leaves_the_first_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []

    def batch() -> bool:
        asked.append(True)
        if len(asked) == 1:
            classify_unsure_messages.run()  # the next one, while this one is at work
        return False

    monkeypatch.setattr("intents.tasks.classify_due_batch", batch)
    classify_unsure_messages.run()
    classify_unsure_messages.run()

    assert len(asked) == 2
