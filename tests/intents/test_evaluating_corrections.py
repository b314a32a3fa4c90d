"""Patterns and model measured by what people said."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from intents.corrections.correcting import Word, confirm, correct, take_back
from intents.corrections.evaluating import CorrectionsReport, evaluate_corrections
from intents.models import Intent, MessageAnalysis
from tests.factories import AnalysisFactory

pytestmark = pytest.mark.django_db
Source = MessageAnalysis.Source


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna")


def by_model(version: str, intent: str, text: str = "беру 5 пачек", **fields: Any) -> MessageAnalysis:
    return AnalysisFactory.create(
        message__text=text, intent=intent, source=Source.MODEL, prompt_version=version, **fields
    )


def say(analysis: MessageAnalysis, user: User, **word: Any) -> None:
    correct(message_id=analysis.message_id, user=user, word=Word(**word))


def accuracies(report: CorrectionsReport) -> dict[str, tuple[int, float]]:
    judges = {"patterns": report["patterns"], **report["models"]}
    return {
        name: (judged["intents"]["messages"], judged["intents"]["accuracy"])
        for name, judged in judges.items()
        if judged["intents"]
    }


def test_the_model_is_measured_by_the_version_of_its_prompt(anna: User) -> None:
    for version, intent in (("1", Intent.OTHER), ("1", Intent.ORDER), ("2", Intent.ORDER)):
        say(by_model(version, intent), anna, intent=Intent.ORDER)
    say(AnalysisFactory.create(message__text="спасибо", intent=Intent.ORDER), anna, intent=Intent.QUESTION)

    report = evaluate_corrections()

    assert report["messages"] == 4
    assert accuracies(report) == {"patterns": (4, 0.75), "1": (2, 0.5), "2": (1, 1.0)}


def test_right_as_it_is_counts_for_whoever_said_it(anna: User) -> None:
    analysis = by_model("1", Intent.ORDER, is_urgent=True)

    confirm(message_id=analysis.message_id, user=anna, seen=analysis.fingerprint)

    model = evaluate_corrections()["models"]["1"]
    assert model["intents"] is not None
    assert model["intents"]["accuracy"] == 1.0
    assert model["urgent"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    assert model["sentiment_accuracy"] == 1.0
    assert model["entities"] == {"messages": 1, "right": 1}


def test_the_last_word_counts_against_what_the_machine_had_said_first(anna: User) -> None:
    analysis = by_model("1", Intent.OTHER)
    for intent in (Intent.COMPLAINT, Intent.ORDER):
        say(analysis, anna, intent=intent)
    say(analysis, anna, is_urgent=True)

    report = evaluate_corrections()

    assert accuracies(report) == {"patterns": (1, 1.0), "1": (1, 0.0)}
    urgent = report["models"]["1"]["urgent"]
    assert urgent is not None
    assert (urgent["recall"], urgent["support"]) == (0.0, 1)


def test_what_nobody_spoke_of_is_not_measured(anna: User) -> None:
    say(by_model("1", Intent.ORDER), anna, is_urgent=True)

    report = evaluate_corrections()

    patterns = report["patterns"]
    assert (patterns["intents"], patterns["sentiment_accuracy"], patterns["entities"]) == (None, None, None)
    assert patterns["urgent"] is not None


def test_entities_are_right_or_wrong_as_a_whole(anna: User) -> None:
    analysis = by_model("1", Intent.ORDER, entities=[{"kind": "item", "product": "роза", "quantity": 5}])
    say(analysis, anna, entities=[{"kind": "item", "product": "роза", "quantity": 6}])

    assert evaluate_corrections()["models"]["1"]["entities"] == {"messages": 1, "right": 0}


def test_whether_goods_or_times_stand_first_is_no_difference(anna: User) -> None:
    item, day = {"kind": "item", "product": "роза"}, {"kind": "date", "date": "2026-11-24"}
    say(by_model("1", Intent.ORDER, entities=[day, item]), anna, entities=[item, day])

    assert evaluate_corrections()["models"]["1"]["entities"] == {"messages": 1, "right": 1}


def test_what_was_taken_back_is_no_measure(anna: User) -> None:
    analysis = by_model("1", Intent.OTHER)
    say(analysis, anna, intent=Intent.ORDER)
    take_back(message_id=analysis.message_id, user=anna)

    with pytest.raises(CommandError, match="confirmed anything yet"):
        call_command("evaluate_classifier", corrections=True)


def test_the_words_judged_are_those_that_were_corrected(anna: User) -> None:
    analysis = AnalysisFactory.create(message__text="беру 5 пачек", intent=Intent.OTHER)
    say(analysis, anna, intent=Intent.ORDER)
    type(analysis.message).objects.filter(pk=analysis.message_id).update(text="розы все гнилые")

    assert accuracies(evaluate_corrections()) == {"patterns": (1, 1.0)}


def test_only_what_was_said_since_counts(anna: User) -> None:
    say(by_model("1", Intent.OTHER), anna, intent=Intent.ORDER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now = cursor.fetchone()[0]

    assert evaluate_corrections(since=now - timedelta(days=1))["messages"] == 1
    with pytest.raises(CommandError, match="confirmed anything since then"):
        call_command("evaluate_classifier", corrections=True, since="2100-01-01")


def test_the_command_prints_a_document_or_a_table(anna: User, capsys: pytest.CaptureFixture[str]) -> None:
    say(by_model("7", Intent.OTHER), anna, intent=Intent.ORDER, is_urgent=False)

    call_command("evaluate_classifier", corrections=True, json=True)
    assert json.loads(capsys.readouterr().out) == evaluate_corrections()

    call_command("evaluate_classifier", corrections=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "messages that people spoke of: 1"
    assert "== patterns, as they are now: 1 messages" in lines
    assert "== model, prompt version 7: 1 messages" in lines
    assert lines.count("accuracy 1.000") == 1
    assert lines.count("accuracy 0.000") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Name a CSV of labelled messages, or --corrections."),
        (["x.csv", "--corrections"], "Name a CSV of labelled messages, or --corrections."),
        (["x.csv", "--since", "2026-11-01"], "--since belongs to --corrections."),
        (["--corrections", "--since", "soon"], "--since soon: not a date."),
    ],
)
def test_the_command_says_what_it_cannot_do(arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("evaluate_classifier", *arguments)
