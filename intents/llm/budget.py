"""What asking the model has used, and whether the day's budget allows another request.

A day is one of the hub's time zone. Costs are by the prices that the settings said when the answer came.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from intents.llm.prompt import PROMPT_VERSION
from intents.llm.records import ModelRequest, ModelSettings, ModelUsage
from intents.llm.tokens import Tokens

DAYS_SHOWN = 30

_ADD = """
INSERT INTO model_usage AS stands (
    day, model, prompt_version, requests, failures, messages, hit_tokens, miss_tokens, output_tokens, cost
)
VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s, %s)
ON CONFLICT (day, model, prompt_version) DO UPDATE SET
    requests = stands.requests + 1, failures = stands.failures + EXCLUDED.failures,
    messages = stands.messages + EXCLUDED.messages, hit_tokens = stands.hit_tokens + EXCLUDED.hit_tokens,
    miss_tokens = stands.miss_tokens + EXCLUDED.miss_tokens,
    output_tokens = stands.output_tokens + EXCLUDED.output_tokens, cost = stands.cost + EXCLUDED.cost
"""


@dataclass(frozen=True, slots=True)
class Use:
    """What some requests used together; `cost` in dollars."""

    requests: int
    failures: int
    messages: int
    hit: int
    miss: int
    output: int
    cost: Decimal

    @property
    def tokens(self) -> int:
        return self.hit + self.miss + self.output

    @property
    def hit_share(self) -> float | None:
        """The cache's share of the prompt tokens; None without any."""
        return self.hit / (self.hit + self.miss) if self.hit + self.miss else None


def today() -> date:
    """The budget's day."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def add_use(
    model: str, tokens: Tokens, *, messages: int, has_failed: bool, cost: Decimal | None = None
) -> None:
    """Count one request, in the transaction that writes its answer down; `cost`: see `end_request`."""
    if cost is None:
        cost = ModelSettings.get_solo().cost(hit=tokens.hit, miss=tokens.miss, output=tokens.output)
    row: list[Any] = [today(), model, PROMPT_VERSION, int(has_failed), messages]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [*row, tokens.hit, tokens.miss, tokens.output, cost])


def used_today() -> Use:
    return _sum(ModelUsage.objects.filter(day=today()))


def used_in_days(days: int = DAYS_SHOWN) -> Use:
    """Of the last so many days, today included."""
    return _sum(ModelUsage.objects.filter(day__gt=today() - timedelta(days=days)))


def used_by_version(days: int = DAYS_SHOWN) -> list[tuple[str, str, Use]]:
    """Model, prompt version and their use in the last so many days, the newest version first.

    Without those that answered nothing: a failure stands under the name that was asked for.
    """
    rows = ModelUsage.objects.filter(day__gt=today() - timedelta(days=days))
    answered = rows.filter(messages__gt=0)
    groups = answered.order_by("-prompt_version", "model").values_list("prompt_version", "model").distinct()
    return [
        (model, version, _sum(rows.filter(model=model, prompt_version=version))) for version, model in groups
    ]


def is_used_up(rules: ModelSettings) -> bool:
    """Whether today's requests have used the budget, those on their way not counted."""
    return _exceeds(rules, [used_today()])


def allows_another(rules: ModelSettings) -> bool:
    """Whether one more request may begin; with those on their way counted as the most they may use.

    So whatever several workers do, only the last request passes the limit.
    """
    # Those on their way first: what is written down in between is counted twice, never not at all.
    found = ModelRequest.objects.aggregate(
        tokens=Sum("tokens", default=0), cost=Sum("cost", default=Decimal(0))
    )
    waiting = Use(0, 0, 0, 0, 0, found["tokens"], found["cost"])
    return not _exceeds(rules, [waiting, used_today()])


def _exceeds(rules: ModelSettings, uses: Iterable[Use]) -> bool:
    uses = list(uses)
    too_many = rules.daily_tokens is not None and sum(use.tokens for use in uses) >= rules.daily_tokens
    too_dear = rules.daily_cost is not None and sum(use.cost for use in uses) >= rules.daily_cost
    return too_many or too_dear


def _sum(rows: "QuerySet[ModelUsage]") -> Use:
    columns = ("requests", "failures", "messages", "hit_tokens", "miss_tokens", "output_tokens", "cost")
    sums = rows.aggregate(**{f"all_{name}": Sum(F(name), default=0) for name in columns})
    return Use(*(sums[f"all_{name}"] for name in columns))
