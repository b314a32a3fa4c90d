"""Of whoever was erased here, the old hub brings back the place of what they wrote, and not a word."""

from datetime import UTC, timedelta

import pytest

from clients.models import TelegramUser
from cvgorod_hub.privacy.erasing import begin, run
from intents.models import MessageAnalysis
from messaging.models import Chat, Message
from sandbox.actors import Actor
from sandbox.models import PendingResponse, ResponseEvent
from tests.factories import PersonFactory
from tests.old_hub.conftest import Bring
from tests.old_hub.old_database import BEGAN, CHAT, CLIENT, OldHub
from tests.privacy.marks import LATIN, RUSSIAN, marked_tables, words

pytestmark = pytest.mark.django_db
OTHER = CLIENT + 1


def test_nothing_that_they_said_or_were_called_comes_back(old: OldHub, bring: Bring) -> None:
    PersonFactory(pk=CLIENT)
    assert run(begin(person_id=CLIENT, request="письмо", actor=Actor(name="Анна")))
    old.person(CLIENT, first_name=RUSSIAN, last_name=LATIN, username=LATIN)
    old.person(OTHER)
    old.chat()
    old.chat(CLIENT, name=f"{RUSSIAN} {LATIN}", chat_type="private")
    said = old.message(words("Почём роза?"))
    old.analysis(said, entities=[{"kind": "product", "text": RUSSIAN, "quantity": 2}])
    old.message(f"[Голосовое сообщение] {words()}", message_type="voice")
    asked = BEGAN.replace(tzinfo=UTC) + timedelta(minutes=2, seconds=30)
    old.reply("rejected", response_text=words(), client_name=RUSSIAN, context=words(), created_at=asked)
    old.reply("sent", response_text="Да, есть.", client_name=RUSSIAN, context=words(), created_at=asked)
    old.reply("failed", chat_id=CLIENT, response_text=words(), client_name=LATIN, created_at=asked)
    old.message("А мне?", user_id=OTHER)
    later = asked + timedelta(minutes=5)
    old.reply("rejected", response_text="Соседу.", client_name="Сосед", context=words(), created_at=later)

    bring()

    # But for what the migration itself holds until its session ends.
    assert [name for name in marked_tables() if not name.startswith(("old_", "judged_"))] == []
    assert TelegramUser.objects.get(pk=CLIENT).first_name == ""
    assert Chat.objects.get(pk=CLIENT).name == ""
    theirs = Message.objects.filter(user=CLIENT)
    assert [(each.text, each.erased_for) for each in theirs] == [("", "request")] * 2
    assert MessageAnalysis.objects.get(message__user=CLIENT, intent="question").entities == []
    replies = PendingResponse.objects.order_by("old_id")
    assert [(each.status, each.response_text) for each in replies] == [
        ("rejected", ""),
        ("sent", "Да, есть."),
        ("failed", ""),
        ("rejected", "Соседу."),
    ]
    assert ResponseEvent.objects.filter(response__old_id=2).exists()
    assert Message.objects.get(chat=CHAT, user=OTHER).text == "А мне?"


def test_words_that_grew_too_old_stay_away(old: OldHub, bring: Bring) -> None:
    """A voice that was collected here, and blanked since, is not filled with what the old hub heard."""
    old.chat()
    old.person()
    number = old.message("[Голосовое сообщение] сорок роз", message_type="voice")
    bring()
    Message.objects.update(
        text="", transcript="", transcript_state="", source="telegram", erased_at=BEGAN.replace(tzinfo=UTC),
        erased_for="age",
    )  # fmt: skip
    old.message("Дальше")

    bring()

    assert Message.objects.get(telegram_message_id=number).transcript == ""
