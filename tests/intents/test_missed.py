from datetime import datetime

import pytest

from intents import classification
from intents.classification import classify_missed
from intents.entities.schema import Entity
from intents.models import MessageAnalysis
from tests.factories import AnalysisFactory, MessageFactory

pytestmark = pytest.mark.django_db


def test_a_message_that_was_stored_without_a_verdict_gets_one() -> None:
    missed = MessageFactory(text="беру 50 красных роз на завтра")

    assert classify_missed() == 1

    assert MessageAnalysis.objects.get().message_id == missed.pk
    assert classify_missed() == 0


def test_what_has_a_verdict_or_no_words_is_left_alone() -> None:
    AnalysisFactory(message=MessageFactory(text="есть розы?"), intent="other")
    MessageFactory(text="", message_type="sticker")
    MessageFactory(text="", message_type="service")
    MessageFactory(text="наш ответ", source="sent")

    assert classify_missed() == 0
    assert MessageAnalysis.objects.get().intent == "other"


def test_a_message_that_breaks_the_reading_keeps_no_neighbour_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = MessageFactory.create(text="беру 5 пачек"), MessageFactory.create(text="сломай")

    def break_on_the_bad_one(text: str, said_at: datetime) -> list[Entity]:
        if text == "сломай":
            raise OverflowError
        return []

    monkeypatch.setattr(classification, "extract", break_on_the_bad_one)

    classify_missed()

    assert list(MessageAnalysis.objects.values_list("message_id", flat=True)) == [good.pk]
    assert f"message cannot be understood message={bad.pk}" in caplog.messages
