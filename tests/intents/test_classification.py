"""What happens right after messages are stored: one verdict each, at a fixed number of queries."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from clients.models import RoleName
from intents.classification import classify_by_patterns
from intents.models import Intent, MessageAnalysis, MessagePattern, ModelSettings
from messaging.models import Message
from tests.factories import AnalysisFactory, ManagerFactory, MessageFactory, PersonFactory, make, role

pytestmark = pytest.mark.django_db
Source = MessageAnalysis.Source
Asks = ModelSettings.Asks


def test_a_message_gets_the_patterns_verdict() -> None:
    message = MessageFactory.create(text="Где водитель?! Срочно, свадьба через час")

    classify_by_patterns([message])

    analysis = MessageAnalysis.objects.get(message=message)
    assert (analysis.intent, analysis.is_urgent, analysis.source) == (Intent.QUESTION, True, Source.PATTERN)
    assert analysis.pattern is not None
    assert analysis.pattern.pattern_type == Intent.QUESTION
    assert analysis.model_due_at is None


def test_the_senders_role_counts() -> None:
    bot = PersonFactory.create(role=role(RoleName.BROADCAST_BOT))
    messages = [
        MessageFactory.create(text="5 пачек рускуса", user=user)
        for user in (bot, ManagerFactory.create(), PersonFactory.create(), None)
    ]

    classify_by_patterns(messages)

    intents = [MessageAnalysis.objects.get(message=message).intent for message in messages]
    assert intents == [Intent.BROADCAST, Intent.OTHER, Intent.ORDER, Intent.ORDER]


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_grow(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    keys = [message.pk for message in make(MessageFactory, count, text="беру 5 пачек")]
    messages = list(Message.objects.filter(pk__in=keys).select_related("user__role"))
    classify_by_patterns(messages[:1])

    with django_assert_num_queries(1):
        classify_by_patterns(messages)
    assert MessageAnalysis.objects.filter(intent=Intent.ORDER).count() == count


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": " \n "},
        {"text": "", "message_type": Message.Type.VOICE},
        {"text": "Оля добавила Катю", "message_type": Message.Type.SERVICE},
    ],
)
def test_what_says_nothing_gets_no_analysis(fields: dict[str, Any]) -> None:
    classify_by_patterns([MessageFactory.create(**fields)])

    assert not MessageAnalysis.objects.exists()


def test_a_transcript_is_understood_like_a_text() -> None:
    message = MessageFactory.create(
        text="", transcript="розы все гнилые пришли", message_type=Message.Type.VOICE
    )

    classify_by_patterns([message])

    assert MessageAnalysis.objects.get(message=message).intent == Intent.COMPLAINT


def test_a_persons_word_stays() -> None:
    message = MessageFactory.create(text="беру 5 пачек")
    AnalysisFactory.create(message=message, intent=Intent.OTHER, source=Source.PERSON, confidence=1)

    classify_by_patterns([message])

    analysis = MessageAnalysis.objects.get(message=message)
    assert (analysis.intent, analysis.source, analysis.confidence) == (Intent.OTHER, Source.PERSON, 1)


def test_an_edit_replaces_what_the_model_said_of_the_old_text() -> None:
    message = MessageFactory.create(text="беру 5 пачек")
    AnalysisFactory.create(
        message=message,
        source=Source.MODEL,
        model_used="m",
        tokens_used=9,
        prompt_version="1",
        model_attempts=3,
    )

    classify_by_patterns([message])

    analysis = MessageAnalysis.objects.get(message=message)
    assert (analysis.intent, analysis.source) == (Intent.ORDER, Source.PATTERN)
    assert (analysis.model_used, analysis.tokens_used, analysis.prompt_version) == ("", 0, "")
    assert analysis.model_attempts == 0


def test_the_same_message_twice_in_a_batch_is_one_analysis() -> None:
    message = MessageFactory.create(text="беру 5 пачек")

    classify_by_patterns([message, message])

    assert MessageAnalysis.objects.count() == 1


def test_a_pattern_deleted_a_moment_ago_costs_the_verdict_only_its_name() -> None:
    message = MessageFactory.create(text="беру 5 пачек")
    classify_by_patterns([])
    MessagePattern.objects.all().delete()

    classify_by_patterns([message])

    analysis = MessageAnalysis.objects.get(message=message)
    assert (analysis.intent, analysis.pattern_id) == (Intent.ORDER, None)


@pytest.mark.parametrize(
    ("key", "asks", "below", "is_due"),
    [
        ("sk-1", Asks.UNSURE, 1.0, True),
        ("sk-1", Asks.UNSURE, 0.0, False),
        ("sk-1", Asks.ALL, 0.0, True),
        ("sk-1", Asks.NONE, 1.0, False),
        ("", Asks.ALL, 1.0, False),
    ],
)
def test_the_model_is_due_where_there_is_a_key_and_the_settings_say_so(
    key: str, asks: Asks, below: float, is_due: bool, settings: Settings
) -> None:
    settings.DEEPSEEK_API_KEY = key
    ModelSettings.objects.create(pk=1, asks=asks, unsure_below=below)
    message = MessageFactory.create(text="беру 5 пачек")

    classify_by_patterns([message])

    analysis = MessageAnalysis.objects.get(message=message)
    assert (analysis.model_due_at is not None) == is_due
    assert analysis.confidence < 1.0


def test_an_edit_gives_a_message_its_turn_anew(settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = "sk-1"
    ModelSettings.objects.create(pk=1, asks=Asks.ALL)
    analysis = AnalysisFactory.create(model_attempts=4, model_alone=True, model_error="blank")

    classify_by_patterns([analysis.message])

    analysis.refresh_from_db()
    assert (analysis.model_attempts, analysis.model_alone, analysis.model_error) == (0, False, "")
    assert analysis.model_due_at is not None
