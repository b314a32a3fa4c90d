"""`evaluate_classifier`: the figures, and one clear line for every file that cannot be used."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from intents.evaluation import Judged, Labelled, evaluate
from intents.patterns.experience import Experience
from intents.patterns.learning import Reader, learn
from tests.intents.deepseek_stub import Answer, DeepSeekStub, rows_for


def labelled(intent: str, *, is_urgent: bool | None = None) -> Labelled:
    return Labelled("текст", "client", intent, None, is_urgent)


def judged(*intents: str, is_urgent: bool = False) -> list[Judged]:
    return [Judged(intent, "neutral", is_urgent) for intent in intents]


def write(folder: Path, content: str) -> str:
    path = folder / "messages.csv"
    path.write_text(content, encoding="utf-8")
    return str(path)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("evaluate_classifier", *arguments, stdout=out)
    return out.getvalue()


def test_accuracy_and_scores_are_counted_from_the_confusion() -> None:
    messages = [labelled(intent) for intent in ("order", "order", "question", "other")]

    report = evaluate(messages, lambda _: judged("order", "question", "question", "question"))

    assert report["accuracy"] == 0.5
    assert report["intents"]["order"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert report["intents"]["question"] == {"precision": 0.3333, "recall": 1.0, "f1": 0.5, "support": 1}
    assert report["confusion"]["order"]["question"] == 1
    assert report["macro_f1"] == round((0.6667 + 0.5 + 0) / 3, 4)
    assert report["urgent"] is None
    assert report["sentiment_accuracy"] is None


def test_urgency_is_scored_where_it_is_labelled() -> None:
    messages = [labelled("order", is_urgent=True), labelled("order", is_urgent=False), labelled("order")]

    report = evaluate(messages, lambda _: judged("order", "order", "order", is_urgent=True))

    assert report["urgent"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "support": 1}


@pytest.mark.django_db
def test_the_patterns_of_the_database_are_measured(tmp_path: Path) -> None:
    path = write(
        tmp_path, "text,intent,sender_role\nберу 5 пачек,order,\nпоступление,broadcast,broadcast_bot\n"
    )

    report = json.loads(run(path, "--json"))

    assert (report["messages"], report["accuracy"], report["macro_f1"]) == (2, 1.0, 1.0)


@pytest.mark.django_db
def test_people_get_a_table(tmp_path: Path) -> None:
    path = write(
        tmp_path, "text,intent,sentiment,urgent\nберу 5 пачек,order,neutral,0\nгде водитель?!,question,,1\n"
    )

    lines = run(path).splitlines()

    assert lines[:3] == ["messages 2", "accuracy 1.000", "macro-F1 1.000"]
    assert "order              1.000   1.000  1.000      1" in lines
    assert "urgent: precision 1.000, recall 1.000 of 1" in lines
    assert "sentiment: accuracy 1.000" in lines


def test_the_model_is_measured_too(tmp_path: Path, deepseek: DeepSeekStub) -> None:
    path = write(tmp_path, "text,intent\nберу 5 пачек,order\nпривет,other\n")

    report = json.loads(run(path, "--json", "--source", "model"))

    assert report["accuracy"] == 0.5
    assert len(deepseek.requests) == 1


def test_a_model_that_leaves_rows_out_is_no_measure(tmp_path: Path, deepseek: DeepSeekStub) -> None:
    deepseek.script = [Answer(rows=lambda request: rows_for(request)[:1])]

    with pytest.raises(CommandError, match="answered 1 of 2 messages"):
        run(write(tmp_path, "text,intent\nберу,order\nпривет,other\n"), "--source", "model")


def test_without_a_key_the_model_cannot_be_measured(tmp_path: Path, settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = ""

    with pytest.raises(CommandError, match="DEEPSEEK_API_KEY is not set"):
        run(write(tmp_path, "text,intent\nберу,order\n"), "--source", "model")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("intent\norder\n", "has no column text"),
        ("text\nберу\n", "has no column intent"),
        ("", "has no column text"),
        ("text,intent\n", "holds no messages"),
        ("text,intent\nберу,приказ\n", "message 1: intent «приказ» is not known"),
        ("text,intent,urgent\nберу,order,yes\n", "message 1: urgent «yes» is not known"),
        ("text,intent,sentiment\nберу,order,sad\n", "message 1: sentiment «sad» is not known"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_in_one_line(
    content: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(CommandError) as raised:
        run(write(tmp_path, content))

    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nothing\.csv cannot be read: No such file or directory"):
        run(str(tmp_path / "nothing.csv"))


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cp1251.csv"
    path.write_bytes("text,intent\nберу,order\n".encode("cp1251"))

    with pytest.raises(CommandError, match="is no CSV in UTF-8"):
        run(str(path))


CROSS = "text,intent\n" + "".join(
    f"{text},{intent}\n"
    for text, intent in [("беру 5 пачек", "order"), ("сколько стоит", "question"), ("спасибо", "other")] * 2
)


@pytest.mark.django_db
def test_folds_are_judged_by_experience_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[list[str]] = []

    def noting(messages: list[Labelled], read: Reader) -> Experience:
        taught.append([message.intent for message in messages])
        return learn(messages, read)

    monkeypatch.setattr("intents.patterns.cross_validation.learn", noting)
    report = json.loads(run(write(tmp_path, CROSS), "--folds", "3", "--json"))

    assert taught == [["question", "other"] * 2, ["order", "other"] * 2, ["order", "question"] * 2]
    assert (report["messages"], report["accuracy"], report["folds"]) == (6, 1.0, 3)
    assert (report["lowest_accuracy"], report["highest_accuracy"]) == (1.0, 1.0)


@pytest.mark.django_db
def test_people_get_a_line_about_the_folds(tmp_path: Path) -> None:
    lines = run(write(tmp_path, CROSS), "--folds", "2").splitlines()

    assert lines[0] == "2 folds, experience learned from the others: accuracy from 1.000 to 1.000"
    assert lines[1] == "messages 6"


@pytest.mark.django_db
@pytest.mark.parametrize("folds", ["1", "7", "-2"])
def test_folds_that_cannot_be_are_refused(folds: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--folds takes 2 to 6"):
        run(write(tmp_path, CROSS), "--folds", folds)


@pytest.mark.django_db
def test_experience_is_learned_by_a_command(tmp_path: Path) -> None:
    out = tmp_path / "experience.json"
    call_command("learn_experience", write(tmp_path, CROSS), "--out", str(out), stdout=StringIO())

    assert "беру" in Experience.load(out).weights


@pytest.mark.django_db
def test_learning_from_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nothing\.csv cannot be read"):
        call_command("learn_experience", str(tmp_path / "nothing.csv"))
