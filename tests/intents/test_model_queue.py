"""The model's turn: claimed once, written once, given up in the end; nobody pays for a neighbour."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from intents.classification import classify_by_patterns
from intents.llm import claims
from intents.llm import deepseek as deepseek_client
from intents.llm.deepseek import Reply
from intents.llm.prompt import PROMPT_VERSION, Asked
from intents.llm.queue import MOST_ATTEMPTS, classify_due_batch, give_up_old
from intents.models import Intent, MessageAnalysis, ModelRequest, ModelSettings, ModelUsage
from intents.tasks import classify_unsure_messages
from messaging.models import Message
from tests.factories import NOW
from tests.intents.deepseek_stub import Answer, DeepSeekStub, completion, rows_for
from tests.intents.due import asked_texts, due, make_all_due
from tests.marks import committed

pytestmark = pytest.mark.django_db
Source = MessageAnalysis.Source


def test_the_models_verdict_replaces_the_patterns(deepseek: DeepSeekStub) -> None:
    analysis = due()

    assert classify_due_batch()

    analysis.refresh_from_db()
    assert (analysis.intent, analysis.source, analysis.confidence) == (Intent.ORDER, Source.MODEL, 0.9)
    assert (analysis.model_used, analysis.prompt_version) == ("deepseek-flash-1017", PROMPT_VERSION)
    assert (analysis.tokens_used, analysis.model_due_at, analysis.model_error) == (100, None, "")
    assert analysis.processing_time_ms > 0


def test_entities_come_with_the_same_answer_and_bad_ones_go_alone(deepseek: DeepSeekStub) -> None:
    analysis = due("5 пачек эксплорера")
    good = {
        "kind": "item",
        "text": "5 пачек эксплорера",
        "variety": "Explorer",
        "quantity": 5,
        "unit": "pack",
    }
    bad = [{"kind": "item", "quantity": 5}, {"kind": "order"}, "роза", {"kind": "date", "date": "soon"}]
    odd = {"kind": "item", "product": "ро\x00за", "price": 10**400, "length_cm": "60", "unit": ["pack"]}
    deepseek.script = [Answer(rows=lambda request: rows_for(request, entities=[*bad, good, odd]))]

    classify_due_batch()

    analysis.refresh_from_db()
    assert analysis.entities == [good, {"kind": "item", "product": "ро\ufffdза"}]
    assert analysis.source == Source.MODEL


@pytest.mark.parametrize("entities", [None, "роза", {"kind": "item"}])
def test_an_answer_without_a_list_of_entities_leaves_those_that_stand(
    entities: object, deepseek: DeepSeekStub
) -> None:
    said = [{"kind": "item", "product": "роза"}]
    analysis = due(entities=said)
    deepseek.script = [Answer(rows=lambda request: rows_for(request, entities=entities))]

    classify_due_batch()

    analysis.refresh_from_db()
    assert (analysis.entities, analysis.source) == (said, Source.MODEL)


def test_an_empty_list_of_entities_says_that_there_are_none(deepseek: DeepSeekStub) -> None:
    analysis = due(entities=[{"kind": "item", "product": "роза"}])
    deepseek.script = [Answer(rows=lambda request: rows_for(request, entities=[]))]

    classify_due_batch()

    analysis.refresh_from_db()
    assert analysis.entities == []


def test_newest_messages_go_first_and_many_in_one_request(
    deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "BATCH", 2)
    for number in range(3):
        due(f"сообщение {number}")

    classify_unsure_messages.run()

    assert asked_texts(deepseek) == [["сообщение 1", "сообщение 2"], ["сообщение 0"]]


def test_long_messages_make_smaller_requests(deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MOST_CHARACTERS", 10)
    for text in ("короткое", "очень длинное сообщение", "да"):
        due(text)

    classify_unsure_messages.run()

    assert asked_texts(deepseek) == [["да"], ["очень длинное сообщение"], ["короткое"]]


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


def test_where_no_message_is_to_be_asked_about_the_queue_rests_at_once(deepseek: DeepSeekStub) -> None:
    ModelSettings.objects.update_or_create(pk=1, defaults={"asks": ModelSettings.Asks.NONE})
    due()

    assert not classify_due_batch()
    assert deepseek.requests == []


def test_a_row_left_out_is_asked_again_alone(deepseek: DeepSeekStub) -> None:
    first, second = due("первое"), due("второе")
    deepseek.script = [Answer(rows=lambda request: rows_for(request)[:1])]

    classify_unsure_messages.run()

    assert asked_texts(deepseek) == [["первое", "второе"], ["второе"]]
    for analysis in (first, second):
        analysis.refresh_from_db()
        assert (analysis.source, analysis.model_attempts, analysis.model_alone) == (Source.MODEL, 0, False)


def test_what_needs_a_request_of_its_own_does_not_join_others(deepseek: DeepSeekStub) -> None:
    for text, is_alone in (("первое", False), ("одно", True), ("второе", False)):
        due(text, model_alone=is_alone)

    classify_unsure_messages.run()

    assert asked_texts(deepseek) == [["первое", "второе"], ["одно"]]


def test_a_useless_answer_is_asked_for_one_by_one(deepseek: DeepSeekStub) -> None:
    analyses = [due(), due()]
    deepseek.script = [Answer(body=completion(" "))]

    classify_unsure_messages.run()

    assert len(deepseek.requests) == 3
    for analysis in analyses:
        analysis.refresh_from_db()
        assert analysis.source == Source.MODEL


@pytest.mark.parametrize("left_out", [[], [{"n": 1, "intent": "приказ"}]])
def test_a_message_without_a_row_is_asked_with_growing_pauses_and_given_up(
    left_out: list[dict[str, Any]], deepseek: DeepSeekStub
) -> None:
    analysis = due()
    pauses: list[int | None] = []
    for _ in range(MOST_ATTEMPTS):
        deepseek.script = [Answer(rows=lambda _request: left_out)]
        asked_at = timezone.now()
        classify_due_batch()
        analysis.refresh_from_db()
        at = analysis.model_due_at
        pauses.append(None if at is None else round((at - asked_at).total_seconds()))
        make_all_due()

    assert pauses == [15, 60, 240, None]
    assert (analysis.source, analysis.intent) == (Source.PATTERN, Intent.OTHER)
    assert (analysis.model_attempts, analysis.model_error) == (
        MOST_ATTEMPTS,
        "DeepSeek's answer has no usable row",
    )
    assert not classify_due_batch()


@pytest.mark.parametrize("status", [400, 422])
def test_a_message_that_the_api_refuses_keeps_the_patterns_verdict(
    status: int, deepseek: DeepSeekStub
) -> None:
    first, poison = due("первое"), due("яд")
    refused = Answer(status, b"{}")
    deepseek.script = [refused, refused, Answer(), Answer()]

    classify_unsure_messages.run()

    assert asked_texts(deepseek) == [["первое", "яд"], ["яд"], ["да"], ["первое"]]
    first.refresh_from_db()
    poison.refresh_from_db()
    assert first.source == Source.MODEL
    assert (poison.source, poison.intent, poison.model_due_at) == (Source.PATTERN, Intent.OTHER, None)
    assert str(status) in poison.model_error


def test_an_error_of_ours_does_not_keep_others_waiting(
    deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    poison = due("яд")
    original = deepseek_client.ask

    def ask(asked: Sequence[Asked]) -> Reply:
        if any(one.text == "яд" for one in asked):
            raise ZeroDivisionError
        return original(asked)

    monkeypatch.setattr(deepseek_client, "ask", ask)
    others = [due("первое"), due("второе")]
    for _ in range(5):
        classify_unsure_messages.run()

    for analysis in others:
        analysis.refresh_from_db()
        assert analysis.source == Source.MODEL
    poison.refresh_from_db()
    assert (poison.source, poison.model_attempts) == (Source.PATTERN, 1)
    assert "ZeroDivisionError" in caplog.text


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


def test_what_a_person_said_is_not_asked_about_although_all_messages_are(deepseek: DeepSeekStub) -> None:
    ModelSettings.objects.update_or_create(pk=1, defaults={"asks": ModelSettings.Asks.ALL})
    analysis = due("беру 5 пачек", intent=Intent.COMPLAINT, source=Source.PERSON, model_due_at=None)

    classify_by_patterns([analysis.message])
    classify_unsure_messages.run()

    analysis.refresh_from_db()
    assert (analysis.intent, analysis.source) == (Intent.COMPLAINT, Source.PERSON)
    assert deepseek.requests == []


def test_where_all_are_asked_about_the_models_answer_stands_over_sure_patterns(
    deepseek: DeepSeekStub,
) -> None:
    ModelSettings.objects.update_or_create(pk=1, defaults={"asks": ModelSettings.Asks.ALL})
    analysis = due("беру 5 пачек", model_due_at=None)
    classify_by_patterns([analysis.message])
    deepseek.script = [Answer(rows=lambda request: rows_for(request, intent="complaint"))]

    classify_unsure_messages.run()

    analysis.refresh_from_db()
    assert (analysis.intent, analysis.source) == (Intent.COMPLAINT, Source.MODEL)


class KilledError(BaseException):
    pass


def test_a_worker_that_died_gives_its_messages_back(
    deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_asked: Sequence[Asked]) -> Reply:
        raise KilledError

    analysis = due()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deepseek_client, "ask", die)
        with pytest.raises(KilledError):
            classify_due_batch()
    assert not classify_due_batch()  # its lease holds
    make_all_due()
    ModelRequest.objects.update(ends_at=NOW)

    assert classify_due_batch()

    analysis.refresh_from_db()
    assert (analysis.source, analysis.model_attempts) == (Source.MODEL, 0)
    usage = ModelUsage.objects.all()
    assert sum(row.requests for row in usage) == 2
    assert sum(row.failures for row in usage) == 1
    assert sum(row.messages for row in usage) == 1


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
    monkeypatch.setattr(claims, "BATCH", 3)
    for number in range(24):
        due(text=f"сообщение {number}")
    both = threading.Barrier(2)

    def work() -> None:
        try:
            both.wait(10)
            while MessageAnalysis.objects.filter(model_due_at__isnull=False).exists():
                classify_due_batch()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    asked = [text for texts in asked_texts(deepseek) for text in texts]
    assert sorted(asked) == sorted(f"сообщение {number}" for number in range(24))
    assert set(MessageAnalysis.objects.values_list("source", "model_attempts")) == {(Source.MODEL, 0)}
    usage = ModelUsage.objects.get()
    assert (usage.requests, usage.messages) == (len(deepseek.requests), 24)


@committed
def test_no_more_requests_are_on_their_way_at_once_than_may_be(deepseek: DeepSeekStub) -> None:
    """So a backlog does not take the threads that replies go out by, whatever number of sweeps run."""
    for number in range(claims.BATCH * 3):
        due(f"сообщение {number}")
    arrived, go_on = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        arrived.release()
        go_on.wait(30)

    deepseek.script = [Answer(before=hold), Answer(before=hold)]

    def work() -> None:
        try:
            classify_due_batch()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert arrived.acquire(timeout=30)
    assert arrived.acquire(timeout=30)
    try:
        assert not classify_due_batch()
    finally:
        go_on.set()
        for worker in workers:
            worker.join(30)

    assert len(deepseek.requests) == 2
    assert classify_due_batch()


def test_what_is_asked_are_the_words_as_they_are_once_it_is_claimed(deepseek: DeepSeekStub) -> None:
    analysis = due("беру 5 пачек")

    def edit_once_it_is_held(
        execute: Callable[..., object], sql: str, params: object, many: bool, context: dict[str, Any]
    ) -> object:
        result = execute(sql, params, many, context)
        if "SKIP LOCKED" in sql:
            Message.objects.filter(pk=analysis.message_id).update(text="беру 7 пачек")
        return result

    with connection.execute_wrapper(edit_once_it_is_held):
        classify_due_batch()

    assert asked_texts(deepseek) == [["беру 7 пачек"]]


def test_what_waited_longer_than_the_settings_say_keeps_the_patterns_verdict(deepseek: DeepSeekStub) -> None:
    ModelSettings.objects.update_or_create(pk=1, defaults={"patience_days": 3})
    old, young, said = due("старое"), due("новое"), due("сказано", source=Source.MODEL, model_due_at=None)
    long_ago = timezone.now() - timedelta(days=3, minutes=1)
    MessageAnalysis.objects.filter(pk__in=[old.pk, said.pk]).update(updated_at=long_ago)

    asked_now = due("у модели", model_due_at=timezone.now() + timedelta(seconds=80))
    MessageAnalysis.objects.filter(pk=asked_now.pk).update(updated_at=long_ago)

    assert give_up_old() == 1
    classify_unsure_messages.run()

    assert asked_texts(deepseek) == [["новое"]]
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.source, old.model_due_at, old.model_error) == (
        Source.PATTERN,
        None,
        "not asked within 3 days",
    )
    assert young.source == Source.MODEL
