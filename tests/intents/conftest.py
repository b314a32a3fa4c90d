"""The starting patterns as rules, a classifier that forgets between tests, and a DeepSeek on loopback."""

import importlib
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from intents.patterns.classifier import Classifier, Rule
from intents.patterns.rulebook import forget_classifier
from tests.intents.deepseek_stub import DeepSeekStub


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget_classifier()
    yield
    forget_classifier()


@pytest.fixture(scope="session")
def starting_classifier() -> Classifier:
    """The patterns of a new hub, without a database."""
    migration = importlib.import_module("intents.migrations.0006_better_starting_patterns")
    return Classifier(
        Rule(
            id=number,
            name=row["pattern_name"],
            intent=row["pattern_type"],
            keywords=row["keyword_patterns"],
            exceptions=row["except_patterns"],
            regex=row["regex_pattern"],
            min_length=row["min_text_length"],
            sender_role=row["sender_role"] or "",
            priority=row["priority"],
            weight=row["weight"],
            is_urgent=row["is_urgent"],
            sentiment=row["sentiment"],
        )
        for number, row in enumerate(migration.rows(), start=1)
        if row["auto_classify"]
    )


@pytest.fixture
def deepseek(settings: Settings) -> Iterator[DeepSeekStub]:
    with DeepSeekStub() as stub:
        settings.DEEPSEEK_API_KEY = "sk-only-for-tests"
        settings.DEEPSEEK_API_URL = stub.url
        yield stub
