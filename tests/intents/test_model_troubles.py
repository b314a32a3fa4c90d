"""What keeps the model from being asked is said where people look, with what to do, while it holds."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from bots.models import TelegramBot
from bots.problems import find_problems
from intents.llm import budget
from intents.llm.queue import classify_due_batch
from intents.llm.troubles import AWAY_AFTER, find_model_trouble
from intents.models import ModelSettings, ModelState, ModelUsage
from tests.intents.deepseek_stub import Answer, DeepSeekStub
from tests.intents.due import due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def spend(**fields: Any) -> None:
    ModelUsage.objects.create(
        **{"day": budget.today(), "model": "m", "prompt_version": "v", "cost": Decimal(1), **fields}
    )


def code() -> str | None:
    told = find_model_trouble()
    return told.code if told else None


@pytest.mark.parametrize(
    ("status", "expected", "advice"),
    [
        (401, "model_key", "DEEPSEEK_API_KEY"),
        (402, "model_balance", "Top up"),
        (404, "model_refused", "DEEPSEEK_MODEL"),
    ],
)
def test_what_only_a_person_can_mend_is_a_problem_with_what_to_do(
    status: int, expected: str, advice: str, deepseek: DeepSeekStub
) -> None:
    due()
    deepseek.script = [Answer(status, b"{}")]

    classify_due_batch()

    TelegramBot.objects.create(pk=1, username="b", can_read_all_group_messages=True)
    (problem,) = find_problems()
    assert (problem.code, problem.is_critical) == (expected, False)
    assert advice in problem.advice
    assert problem.link == "/admin/intents/modelsettings/"
    assert problem.since is not None
    assert "sk-only" not in f"{problem.title} {problem.advice}"


def test_it_is_over_when_a_probe_succeeds(deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(402, b"{}")]
    classify_due_batch()
    ModelState.objects.update(paused_until=timezone.now())

    classify_due_batch()

    assert code() is None


def test_it_is_over_when_another_key_is_set(deepseek: DeepSeekStub, settings: Settings) -> None:
    due()
    deepseek.script = [Answer(401, b"{}")]
    classify_due_batch()

    settings.DEEPSEEK_API_KEY = "sk-another-one"

    assert code() is None


def test_a_service_that_is_away_is_told_of_when_it_does_not_come_back(deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(503, b"{}")]
    classify_due_batch()
    assert code() is None

    ModelState.objects.update(trouble_since=timezone.now() - AWAY_AFTER - timedelta(seconds=1))

    assert code() == "model_service"


def test_a_used_up_budget_is_told_of_until_the_next_day(
    deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend()
    assert code() == "model_budget"

    tomorrow = budget.today() + timedelta(days=1)
    monkeypatch.setattr(budget, "today", lambda: tomorrow)

    assert code() is None


@pytest.mark.parametrize("limit", [{"daily_cost": Decimal("1.01")}, {"daily_cost": None}])
def test_a_budget_that_lasts_is_no_news(limit: dict[str, Any], deepseek: DeepSeekStub) -> None:
    ModelSettings.objects.create(pk=1, **limit)
    spend()

    assert code() is None


def test_where_the_model_is_not_asked_nothing_is_said_of_it(deepseek: DeepSeekStub) -> None:
    ModelSettings.objects.create(pk=1, asks=ModelSettings.Asks.NONE)
    spend()

    assert code() is None


def test_without_a_key_nobody_asks_the_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert code() is None


def test_with_a_key_it_takes_three_queries(
    deepseek: DeepSeekStub, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ModelSettings.get_solo()

    with django_assert_num_queries(3):
        assert code() is None
