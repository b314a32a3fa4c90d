"""The classifier of the database: renewed when patterns change, never broken by one of them."""

import logging

import pytest
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from clients.models import RoleName
from intents.models import Intent, MessagePattern
from intents.patterns import rulebook
from intents.patterns.rulebook import forget_classifier, load_classifier, set_aside
from tests.factories import role

pytestmark = pytest.mark.django_db


def a_pattern(**fields: object) -> MessagePattern:
    defaults = {"pattern_name": "Пароль", "pattern_type": Intent.ORDER, "keyword_patterns": ["абракадабра"]}
    return MessagePattern.objects.create(**{**defaults, **fields})


def test_the_migration_seeds_patterns_that_the_admin_would_accept() -> None:
    patterns = list(MessagePattern.objects.all())
    for pattern in patterns:
        pattern.full_clean()

    assert len(patterns) > 60
    assert {pattern.pattern_type for pattern in patterns} == set(Intent.values)
    assert all(pattern.description for pattern in patterns)


def test_it_costs_two_queries_once_and_none_soon_after(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(2):
        load_classifier()
    with django_assert_num_queries(0):
        load_classifier()


def test_a_look_at_unchanged_patterns_costs_one_query(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulebook, "LOOK_EVERY_SECONDS", 0)
    first = load_classifier()
    with django_assert_num_queries(1):
        assert load_classifier() is first


@pytest.mark.parametrize("change", ["added", "edited", "deleted", "switched off"])
def test_a_changed_pattern_speaks_at_the_next_look(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "LOOK_EVERY_SECONDS", 0)
    pattern = a_pattern()
    key = pattern.pk
    if change == "added":
        pattern.delete()
        pattern.pk = key
    before = load_classifier().classify("абракадабра").pattern_id == key
    if change == "added":
        pattern.save(force_insert=True)
    elif change == "edited":
        pattern.keyword_patterns = ["крибле"]
        pattern.save()
    elif change == "deleted":
        MessagePattern.objects.filter(pk=pattern.pk).delete()
    else:
        pattern.auto_classify = False
        pattern.save()
    after = load_classifier().classify("абракадабра").pattern_id == key

    assert (before, after) == ((False, True) if change == "added" else (True, False))


def test_a_pattern_speaks_of_its_role_only() -> None:
    pattern = a_pattern(sender_role=role(RoleName.CLIENT), priority=1)
    forget_classifier()

    assert load_classifier().classify("абракадабра", "client").pattern_id == pattern.pk
    assert load_classifier().classify("абракадабра", "manager").pattern_id != pattern.pk


@pytest.mark.parametrize(
    "broken", [{"regex_pattern": "(a+)+b"}, {"regex_pattern": "("}, {"keyword_patterns": ["<нет такого>"]}]
)
def test_a_pattern_broken_by_sql_is_left_out_and_logged(
    broken: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    a_pattern(**{"keyword_patterns": ["крибле"], **broken}, sender_role=role(RoleName.CLIENT))
    with caplog.at_level(logging.WARNING, logger="intents.patterns.rulebook"):
        verdict = load_classifier().classify("возьму 5 пачек рускуса")

    assert verdict.intent == Intent.ORDER
    assert "left out" in caplog.text


@pytest.mark.parametrize(
    "broken", [{"regex_pattern": "(a+)+b"}, {"regex_pattern": "("}, {"keyword_patterns": ["<нет такого>"]}]
)
def test_a_pattern_with_nothing_left_of_its_conditions_is_silent(broken: dict[str, object]) -> None:
    """Else it would speak of every message of its sender."""
    pattern = a_pattern(
        **{"keyword_patterns": [], "weight": 10, "sender_role": role(RoleName.CLIENT), **broken}
    )
    forget_classifier()

    assert pattern.pk not in [rule.id for rule in load_classifier().rules]
    assert load_classifier().classify("привет").intent == Intent.OTHER


def test_what_is_set_aside_says_why() -> None:
    sound = a_pattern()
    broken = a_pattern(pattern_name="Другое", regex_pattern="(a+)+b")
    with translation.override("en"):
        assert set_aside(sound) == []
        assert [why[:40] for why in set_aside(broken)] == ["The expression could run too long on som"]
