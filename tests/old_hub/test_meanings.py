"""What old messages meant, and the rules that said so."""

from datetime import timedelta

import pytest

from cvgorod_hub.old_hub.meanings import FAILED, FROM_COLUMNS, OTHER_INTENT, OTHER_SHAPE
from intents.models import MessageAnalysis, MessagePattern
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory
from tests.old_hub.conftest import Bring
from tests.old_hub.old_database import BEGAN, CHAT, ROLES, OldHub
from tests.old_hub.sums import notes, sums

pytestmark = pytest.mark.django_db
OLDER = "an older one of the same message"
Source = MessageAnalysis.Source


@pytest.fixture
def peopled(old: OldHub) -> OldHub:
    old.chat()
    old.person()
    return old


def meaning(key: int) -> MessageAnalysis:
    return MessageAnalysis.objects.get(message_id=key)


def at(**later: int) -> str:
    return f"{(BEGAN + timedelta(**later)).isoformat()}+00:00"


def test_the_newest_analysis_that_says_something_counts(peopled: OldHub, bring: Bring) -> None:
    one, two = peopled.message(), peopled.message()
    peopled.analysis(one, "order", created_at=at(hours=3))
    peopled.analysis(one, "complaint", created_at=at(hours=1))
    peopled.analysis(one, "unknown", created_at=at(hours=9))
    peopled.analysis(two, "unknown")

    report = bring()

    assert meaning(one).intent == "order"
    assert not MessageAnalysis.objects.filter(message_id=two).exists()
    assert sums(report, "message_analysis") == (1, {}, {OLDER: 1, FAILED: 2})


@pytest.mark.parametrize(
    ("said", "source", "model"),
    [
        ({"model_used": "deepseek-chat", "tokens_used": 120}, Source.MODEL, "deepseek-chat"),
        ({"model_used": "patterns"}, Source.PATTERN, ""),
        ({"model_used": None}, Source.PATTERN, ""),
        ({"model_used": " ", "tokens_used": 5}, Source.MODEL, ""),
    ],
)
def test_who_said_so(
    peopled: OldHub, bring: Bring, said: dict[str, object], source: Source, model: str
) -> None:
    key = peopled.message()
    peopled.analysis(key, processing_time_ms=-5, **said)

    bring()

    told = meaning(key)
    assert (told.source, told.model_used, told.processing_time_ms) == (source, model, 0)
    assert (told.model_due_at, told.is_urgent) == (None, False)


def test_shares_and_labels_out_of_range(peopled: OldHub, bring: Bring) -> None:
    keys = [peopled.message() for _ in range(4)]
    for key, confidence in zip(keys, ("NaN", 85, "Infinity", None), strict=True):
        peopled.analysis(key, "greeting" if confidence is None else "order", confidence=confidence,
                         sentiment="angry", tokens_used=-1)  # fmt: skip

    report = bring()

    assert [meaning(key).confidence for key in keys] == [0, 0.85, 0, 0]
    assert (meaning(keys[3]).intent, meaning(keys[3]).sentiment) == ("other", "neutral")
    assert notes(report, "message_analysis") == {OTHER_INTENT: 1}


def test_entities_come_where_they_are_said_as_here(peopled: OldHub, bring: Bring) -> None:
    ours = [{"kind": "item", "text": "5 роз", "product": "роза", "quantity": 5}]
    keys = [peopled.message() for _ in range(4)]
    for key, entities in zip(keys, (ours, {"products": ["роза"]}, [], {}), strict=True):
        peopled.analysis(key, entities=entities)

    report = bring()

    assert [meaning(key).entities for key in keys] == [ours, [], [], []]
    assert notes(report, "message_analysis") == {OTHER_SHAPE: 1}


def test_without_an_analysis_the_messages_own_columns_speak(peopled: OldHub, bring: Bring) -> None:
    pattern = peopled.pattern("Беру", "order")
    said = peopled.message(intent="question", intent_confidence="0.7", sentiment="positive")
    silent = peopled.message(intent="unknown", intent_confidence="1e300")
    matched = peopled.message(pattern_id=pattern)
    analysed = peopled.message(intent="question")
    peopled.analysis(analysed, "complaint")

    report = bring()

    told = meaning(said)
    assert (told.intent, told.confidence, told.sentiment, told.source) == (
        "question",
        0.7,
        "positive",
        "pattern",
    )
    assert not MessageAnalysis.objects.filter(message_id=silent).exists()
    ours = MessagePattern.objects.get(pattern_name="Беру")
    assert (meaning(matched).intent, meaning(matched).pattern) == ("order", ours)
    assert meaning(analysed).intent == "complaint"
    assert notes(report, "messages") == {FROM_COLUMNS: 2}


def test_analyses_without_their_message_are_accounted_for(peopled: OldHub, bring: Bring) -> None:
    true = peopled.message(telegram_message_id=9)
    again = peopled.message(telegram_message_id=9)
    gone = peopled.message(timestamp=None, created_at=None)
    last = peopled.message()
    for key in (true, again, gone, last, last + 1000, None):
        peopled.analysis(key)

    report = bring(rows=2)

    assert sums(report, "message_analysis") == (
        2,
        {},
        {
            "of a later row of the same message": 1,
            "of a message that was skipped": 1,
            "of a message that is not there": 2,
        },
    )


def test_a_meaning_that_is_here_stays(peopled: OldHub, bring: Bring) -> None:
    collected = MessageFactory(chat=ChatFactory(pk=CHAT), telegram_message_id=9)
    AnalysisFactory(message=collected, intent="order", source="person")
    peopled.analysis(peopled.message(telegram_message_id=9), "complaint")

    report = bring()

    assert meaning(collected.pk).intent == "order"
    assert sums(report, "message_analysis") == (0, {"its message has a meaning here": 1}, {})


def test_a_pattern_comes_once_and_as_it_was(old: OldHub, bring: Bring) -> None:
    words = {"keyword_patterns": ["беру", "возьму", "беру"], "regex_pattern": r"\bберу\b"}
    key = old.pattern(
        "Беру", "Order", sender_role_id=ROLES["client"], priority=7, auto_classify=False, **words
    )
    old.pattern("Беру ещё раз", "order", sender_role_id=ROLES["client"], **words)

    report = bring()

    pattern = MessagePattern.objects.get(pattern_name="Беру")
    assert (pattern.pattern_type, pattern.keyword_patterns) == ("order", ["беру", "возьму"])
    assert (pattern.priority, pattern.auto_classify, pattern.sender_role.role_name) == (7, False, "client")
    assert sums(report, "message_patterns") == (1, {"the same content is here": 1}, {})
    assert report.tallies["message_patterns"].merged["the same content is here"].keys == [str(key + 1)]


def test_what_people_changed_here_is_not_clobbered(old: OldHub, bring: Bring) -> None:
    taken = MessagePattern.objects.order_by("pk").first()
    assert taken is not None
    for name in (taken.pattern_name, "Беру", "Возьму"):
        old.pattern(name, "order", keyword_patterns=[f"старое {name}"])
    bring()
    assert MessagePattern.objects.filter(pattern_name=f"{taken.pattern_name} (old hub)").exists()
    MessagePattern.objects.filter(pattern_name="Беру").update(pattern_name="Моё", keyword_patterns=["новое"])
    MessagePattern.objects.filter(pattern_name="Возьму").delete()
    count = MessagePattern.objects.count()

    again = bring()

    assert MessagePattern.objects.count() == count
    assert MessagePattern.objects.get(pattern_name="Моё").keyword_patterns == ["новое"]
    assert sums(again, "message_patterns") == (0, {"is here already": 2}, {"was removed here": 1})


def test_a_pattern_that_the_classifier_cannot_use_is_switched_off(old: OldHub, bring: Bring) -> None:
    old.pattern("Вечность", keyword_patterns=[], regex_pattern="(a+)+$")
    old.pattern("Всё", keyword_patterns=None)
    old.pattern("Приветы", "greeting")

    report = bring()

    assert not MessagePattern.objects.filter(
        pattern_name__in=["Вечность", "Всё"], auto_classify=True
    ).exists()
    assert len(notes(report, "message_patterns")) == 2
    copied, _merged, skipped = sums(report, "message_patterns")
    assert (copied, skipped) == (2, {"for the intent 'greeting', which this hub does not know": 1})
