"""What is learned from labelled messages, and how a rule asks for it."""

import json
from pathlib import Path

import pytest

from intents.evaluation import Labelled
from intents.patterns.classifier import Classifier, Rule
from intents.patterns.experience import FILE, LABELS, Experience
from intents.patterns.learning import digest, learn, write

DATA = Path(__file__).parent / "data" / "own_messages.csv"
MESSAGES = [
    Labelled(text, "client", intent, mood, is_urgent)
    for text, intent, mood, is_urgent in [
        ("возьму пионы", "order", "neutral", False),
        ("возьму розы завтра", "order", "neutral", False),
        ("розы завяли совсем", "complaint", "negative", False),
        ("пионы завяли", "complaint", "negative", True),
        ("опять завяли горим", "complaint", "negative", True),
        ("возьму ещё", "order", "neutral", None),
        ("завтра горим возьму", "order", None, True),
    ]
]


def rules(*phrases: str, intent: str = "order", **fields: object) -> list[Rule]:
    return [Rule(id=1, name="Похоже", intent=intent, keywords=phrases, **fields)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def learned() -> Experience:
    return learn(MESSAGES, Classifier([]).read)


def test_a_message_looks_like_those_with_its_words(learned: Experience) -> None:
    likeness = learned.liken(Classifier([]).read("тюльпаны завяли"), "client")

    assert likeness["<похоже на жалобу>"].strength > 0.8
    assert likeness["<похоже на недовольство>"].strength > 0.8
    assert "завяли" in likeness["<похоже на жалобу>"].words
    assert "<похоже на заказ>" not in likeness


def test_of_unknown_words_nothing_is_said(learned: Experience) -> None:
    assert learned.liken(Classifier([]).read("абракадабра"), "client") == {}


def test_learning_twice_gives_the_same(learned: Experience) -> None:
    assert learn(MESSAGES, Classifier([]).read) == learned


def test_a_word_of_one_message_alone_teaches_nothing(learned: Experience) -> None:
    assert "опять" not in learned.weights
    assert "завянуть" in learned.weights


def test_a_rule_speaks_by_how_much_a_message_looks_like_it(learned: Experience) -> None:
    classifier = Classifier(rules("<похоже на жалобу>", intent="complaint", weight=2), experience_of=learned)

    (voice,) = classifier.explain("тюльпаны завяли")

    assert 1.6 < voice.weight <= 2
    assert voice.weight == pytest.approx(2 * voice.share)
    assert "завяли" in voice.words


def test_a_likeness_can_silence_a_rule(learned: Experience) -> None:
    classifier = Classifier(rules("тюльпан", exceptions=("<похоже на жалобу>",)), experience_of=learned)

    assert classifier.explain("тюльпаны завяли") == []
    assert len(classifier.explain("тюльпаны")) == 1


def test_rules_that_do_not_ask_for_it_hear_nothing_of_it() -> None:
    assert Classifier(rules("тюльпан")).explain("розы завяли") == []


@pytest.mark.parametrize("said", ["🌹", "1 ", "завяли ", "50-60-"])
@pytest.mark.parametrize("role", ["client", "manager"])
def test_a_message_that_says_one_thing_ever_again_breaks_nothing(
    said: str, role: str, starting_classifier: Classifier
) -> None:
    verdict = starting_classifier.classify((said * 4096)[:4096], role)

    assert 0 <= verdict.confidence <= 1


def test_what_is_written_is_read_again(learned: Experience, tmp_path: Path) -> None:
    source, path = tmp_path / "messages.csv", tmp_path / "experience.json"
    source.write_text("text,intent\n", encoding="utf-8")
    write(learned, path, learned_from=[source])

    assert Experience.load(path) == learned
    assert json.loads(path.read_text(encoding="utf-8"))["learned_from"] == {"messages.csv": digest(source)}


def test_the_hubs_experience_was_learned_from_the_messages_that_are_here() -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))

    assert kept["learned_from"] == {DATA.name: digest(DATA)}
    assert tuple(kept["labels"]) == LABELS
    assert all(len(values) == len(LABELS) for values in kept["weights"].values())
