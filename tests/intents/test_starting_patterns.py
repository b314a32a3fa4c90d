"""The migration that renews the starting patterns leaves alone what a person changed."""

import importlib
from typing import Any

import pytest
from django.apps import apps

from intents.models import MessagePattern

pytestmark = pytest.mark.django_db
first: Any = importlib.import_module("intents.migrations.0003_starting_patterns")
renewing: Any = importlib.import_module("intents.migrations.0006_better_starting_patterns")
NEW = {entry["name"] for entry in renewing.NEW}


@pytest.fixture
def _as_first_written() -> None:
    MessagePattern.objects.all().delete()
    first.seed(apps, None)


def stored(name: str) -> MessagePattern:
    return MessagePattern.objects.get(pattern_name=name)


def test_all_that_is_changed_exists() -> None:
    names = {entry["name"] for entry in first.PATTERNS}

    assert set(renewing.CHANGES) | set(renewing.OFF) <= names
    assert not NEW & names


def test_no_phrase_is_longer_than_its_column() -> None:
    """PostgreSQL would cut it without a word, and what is measured would not be what speaks."""
    for row in renewing.rows():
        assert max(map(len, [*row["keyword_patterns"], *row["except_patterns"], ""])) <= 200, row


@pytest.mark.usefixtures("_as_first_written")
def test_untouched_patterns_become_as_they_are_said_to_be() -> None:
    renewing.renew(apps, None)

    for row in renewing.rows():
        pattern = stored(row["pattern_name"])
        role = pattern.sender_role.role_name if pattern.sender_role else None
        own = {field: getattr(pattern, field) for field in row if field != "sender_role"}
        assert {**own, "sender_role": role} == row


@pytest.mark.usefixtures("_as_first_written")
@pytest.mark.parametrize(
    "edit",
    [{"keyword_patterns": ["горит"]}, {"weight": 0.5}, {"auto_classify": False}, {"description": "моё"}],
)
def test_an_edited_pattern_stays_as_it_is(edit: dict[str, Any]) -> None:
    MessagePattern.objects.filter(pattern_name="Срочно").update(**edit)
    before = MessagePattern.objects.values().get(pattern_name="Срочно")
    renewing.renew(apps, None)

    assert MessagePattern.objects.values().get(pattern_name="Срочно") == before


@pytest.mark.usefixtures("_as_first_written")
def test_a_deleted_pattern_stays_deleted_and_an_own_one_of_a_new_name_stays() -> None:
    MessagePattern.objects.filter(pattern_name="Срочно").delete()
    MessagePattern.objects.create(
        pattern_name="Похоже на заказ", pattern_type="order", keyword_patterns=["моё"]
    )
    renewing.renew(apps, None)

    assert not MessagePattern.objects.filter(pattern_name="Срочно").exists()
    assert stored("Похоже на заказ").keyword_patterns == ["моё"]


@pytest.mark.usefixtures("_as_first_written")
def test_renewing_twice_changes_nothing_more() -> None:
    renewing.renew(apps, None)
    before = list(MessagePattern.objects.order_by("id").values_list("pk", "updated_at"))
    renewing.renew(apps, None)

    assert list(MessagePattern.objects.order_by("id").values_list("pk", "updated_at")) == before
