"""What requests used is counted once, with their answers; a day's budget holds."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from intents.llm import budget
from intents.llm import deepseek as deepseek_client
from intents.llm.budget import is_used_up, used_by_version, used_in_days, used_today
from intents.llm.deepseek import Reply
from intents.llm.gate import take_turn
from intents.llm.prompt import PROMPT_VERSION, Asked
from intents.llm.queue import classify_due_batch
from intents.models import MessageAnalysis, ModelRequest, ModelSettings, ModelUsage
from intents.tasks import classify_unsure_messages
from tests.factories import NOW
from tests.intents.deepseek_stub import Answer, DeepSeekStub, completion
from tests.intents.due import due
from tests.marks import committed

pytestmark = pytest.mark.django_db
Source = MessageAnalysis.Source


@pytest.fixture(autouse=True)
def _one_message_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stub says that each request used 64 + 16 + 20 tokens."""
    monkeypatch.setattr("intents.llm.claims.BATCH", 1)


def rules(**fields: Any) -> ModelSettings:
    return ModelSettings.objects.update_or_create(pk=1, defaults=fields)[0]


def test_use_is_counted_by_day_model_and_version(deepseek: DeepSeekStub) -> None:
    rules(price_hit=Decimal(1), price_miss=Decimal(10), price_output=Decimal(100))
    for _ in range(2):
        due()

    classify_unsure_messages.run()

    usage = ModelUsage.objects.get()
    assert (usage.day, usage.model) == (budget.today(), "deepseek-flash-1017")
    assert usage.prompt_version == PROMPT_VERSION
    assert (usage.requests, usage.failures, usage.messages) == (2, 0, 2)
    assert (usage.hit_tokens, usage.miss_tokens, usage.output_tokens) == (128, 32, 40)
    assert usage.cost == Decimal("0.004448")  # 2 * (64 * 1 + 16 * 10 + 20 * 100) of a million
    assert used_today().hit_share == 0.8
    assert not ModelRequest.objects.exists()


def test_a_useless_answer_is_paid_for_and_a_failure(deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(body=completion(" "))]

    classify_due_batch()

    usage = ModelUsage.objects.get()
    assert (usage.requests, usage.failures, usage.messages) == (1, 1, 0)
    assert used_today().tokens == 100


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_a_refused_request_is_a_failure_that_used_nothing(status: int, deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(status, b"{}")] * 2

    classify_due_batch()

    used = used_today()
    assert used.requests == used.failures == len(deepseek.requests)
    assert (used.tokens, used.cost) == (0, 0)


@pytest.mark.parametrize("limit", [{"daily_tokens": 250}, {"daily_cost": Decimal("0.30")}])
def test_the_budget_is_passed_by_the_last_request_only(limit: dict[str, Any], deepseek: DeepSeekStub) -> None:
    """A request of 100 tokens costs 0.12: the third one passes either limit, and is the last."""
    rules(**{
        "daily_cost": None, "price_hit": Decimal(1250), "price_miss": Decimal(1250),
        "price_output": Decimal(1000), **limit,
    })  # fmt: skip
    analyses = [due() for _ in range(5)]

    classify_unsure_messages.run()
    classify_unsure_messages.run()

    assert len(deepseek.requests) == 3
    assert is_used_up(ModelSettings.get_solo())
    for analysis in analyses[:2]:  # the oldest, as the newest go first
        analysis.refresh_from_db()
        assert (analysis.source, analysis.model_attempts, analysis.model_error) == (Source.PATTERN, 0, "")
        assert analysis.model_due_at is not None


@committed
def test_several_workers_pass_the_budget_by_one_request_at_the_most(deepseek: DeepSeekStub) -> None:
    rules(daily_cost=None, daily_tokens=1250)
    for _ in range(40):
        due()
    start = threading.Barrier(6)

    def work() -> None:
        try:
            start.wait(10)
            while not is_used_up(ModelSettings.get_solo()):
                classify_due_batch()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert used_today().tokens == 1300
    assert len(deepseek.requests) == 13


def test_a_budget_of_nothing_allows_nothing(deepseek: DeepSeekStub) -> None:
    rules(daily_tokens=0)
    due()

    assert not classify_due_batch()
    assert deepseek.requests == []


def test_without_limits_nothing_stops(deepseek: DeepSeekStub) -> None:
    rules(daily_tokens=None, daily_cost=None)
    ModelUsage.objects.create(
        day=budget.today(), model="m", prompt_version="v", miss_tokens=10**12, cost=Decimal(10**6)
    )
    due()

    assert classify_due_batch()


def test_the_next_day_goes_on_newest_first(deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(daily_tokens=100)
    for number in range(3):
        due(f"сообщение {number}")
    first = budget.today()
    for days in range(3):
        monkeypatch.setattr(budget, "today", lambda days=days: first + timedelta(days=days))
        classify_unsure_messages.run()

    texts = [request["messages"][1]["content"] for request in deepseek.requests]
    assert [f"сообщение {2 - n}" in text for n, text in enumerate(texts)] == [True, True, True]
    assert list(ModelUsage.objects.order_by("day").values_list("requests", flat=True)) == [1, 1, 1]


def test_the_day_is_the_hubs(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Vladivostok"
    late = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: late)

    with timezone.override("UTC"):
        assert str(budget.today()) == "2026-11-23"


def test_what_is_on_its_way_counts_as_the_most_it_may_use(deepseek: DeepSeekStub) -> None:
    rules(daily_tokens=1000)
    due()
    going = ModelRequest.objects.create(
        started_at=timezone.now(), ends_at=timezone.now() + timedelta(minutes=1), tokens=1000, cost=0
    )
    assert not classify_due_batch()

    going.delete()

    assert classify_due_batch()


def test_a_lost_worker_s_request_counts_as_the_most_it_may_have_used(deepseek: DeepSeekStub) -> None:
    """Nobody knows what it used; workers that die again and again must not pass the budget."""
    rules(daily_tokens=2000, daily_cost=None)
    due()
    ModelRequest.objects.create(started_at=NOW, ends_at=NOW, tokens=1000, cost=Decimal("0.01"))
    assert classify_due_batch()
    used = used_today()
    assert (used.requests, used.failures, used.messages) == (2, 1, 1)
    assert used.tokens > 1000
    assert used.cost >= Decimal("0.01")

    due()
    ModelRequest.objects.create(started_at=NOW, ends_at=NOW, tokens=1000, cost=Decimal("0.01"))

    assert not classify_due_batch()


def test_a_request_that_was_counted_as_lost_is_not_counted_again(
    deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker was slow, not dead."""
    analysis = due()
    original = deepseek_client.ask

    def ask(asked: Sequence[Asked]) -> Reply:
        reply = original(asked)
        ModelRequest.objects.update(ends_at=NOW)
        with transaction.atomic():
            take_turn()
        return reply

    monkeypatch.setattr(deepseek_client, "ask", ask)
    classify_due_batch()

    used = used_today()
    assert (used.requests, used.failures) == (1, 1)
    analysis.refresh_from_db()
    assert analysis.source == Source.MODEL


def test_use_of_days_and_versions_adds_up() -> None:
    today = budget.today()
    for days, version, requests in ((0, "b", 1), (29, "b", 2), (29, "a", 4), (30, "a", 8)):
        ModelUsage.objects.create(
            day=today - timedelta(days=days), model="m", prompt_version=version, requests=requests, messages=1
        )
    ModelUsage.objects.create(day=today, model="asked for", prompt_version="b", failures=9)

    assert used_today().requests == 1
    assert used_in_days().requests == 7
    assert [(version, use.requests) for _model, version, use in used_by_version()] == [("b", 3), ("a", 4)]
    assert used_today().hit_share is None
