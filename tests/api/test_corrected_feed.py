"""A corrected message comes back in the feed; a machine's verdict alone does not bring it."""

from django.contrib.auth.models import User

from intents.classification import classify_by_patterns
from intents.corrections.correcting import Word, correct
from intents.models import Intent, MessageAnalysis
from messaging.models import Message
from tests.api.conftest import Caller
from tests.api.test_feed import settle, take
from tests.factories import AnalysisFactory
from tests.marks import committed

pytestmark = committed


def test_a_correction_brings_its_message_back_and_the_api_says_who_spoke(reader: Caller) -> None:
    analysis = AnalysisFactory.create(message__text="беру 5 пачек", intent=Intent.OTHER)
    anna = User.objects.create_user("anna")
    settle()
    _ids, url = take(reader)
    classify_by_patterns([analysis.message])
    settle()
    assert take(reader, url)[0] == []

    correct(message_id=analysis.message_id, user=anna, word=Word(intent=Intent.COMPLAINT))

    settle()
    answer = reader.follow(url).json()
    [row] = answer["results"]
    assert (row["id"], row["intent"], row["intent_confidence"]) == (analysis.message_id, "complaint", 1.0)
    assert take(reader, answer["next"])[0] == []
    detail = reader.get(f"messages/{analysis.message_id}").json()
    assert detail["analysis"]["source"] == MessageAnalysis.Source.PERSON


def test_words_that_change_after_a_correction_come_back_again(reader: Caller) -> None:
    analysis = AnalysisFactory.create(message__text="беру 5 пачек")
    correct(message_id=analysis.message_id, user=User.objects.create_user("anna"), word=Word(is_urgent=True))
    settle()
    _ids, url = take(reader)

    Message.objects.filter(pk=analysis.message_id).update(text="беру 6 пачек")

    settle()
    assert take(reader, url)[0] == [analysis.message_id]
