"""A chat as people read it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from messaging.conversation import read_conversation
from messaging.media import media_in_words
from messaging.models import Message, MessageVersion
from tests.factories import (
    NOW,
    AnalysisFactory,
    ChatFactory,
    ManagerFactory,
    MessageFactory,
    PersonFactory,
    make,
)

pytestmark = pytest.mark.django_db


def shown(chat_id: int, **context: object) -> str:
    conversation = read_conversation(chat_id=chat_id)
    return render_to_string("messaging/conversation.html", {"conversation": conversation, **context})


def test_the_newest_messages_come_oldest_first_and_say_that_there_are_more() -> None:
    chat = ChatFactory()
    for minute in range(5):
        MessageFactory(chat=chat, text=f"{minute}", timestamp=NOW + timedelta(minutes=minute))

    part, whole = (read_conversation(chat_id=chat.pk, limit=limit) for limit in (3, 5))

    assert [said.message.text for said in part.said] == ["2", "3", "4"]
    assert (part.has_earlier, whole.has_earlier) == (True, False)


def test_a_reply_stands_with_the_message_that_it_answers_however_old() -> None:
    chat = ChatFactory()
    question = MessageFactory(chat=chat, text="Есть роза?", user=PersonFactory(first_name="Ирина"))
    MessageFactory(telegram_message_id=question.telegram_message_id, text="из другого чата")
    answer = MessageFactory(
        chat=chat,
        reply_to_message_id=question.telegram_message_id,
        timestamp=NOW + timedelta(hours=1),
        user=ManagerFactory(),
    )

    conversation = read_conversation(chat_id=chat.pk, limit=1)

    assert [(said.message, said.quoted) for said in conversation.said] == [(answer, question)]
    page = shown(chat.pk)
    assert f'<a class="bubble-quote" href="#message-{question.pk}"><b>Ирина' in page


def test_a_reply_within_a_business_connection_is_not_mixed_up_with_the_chats_own_numbers() -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, telegram_message_id=7, text="бот")
    theirs = MessageFactory(chat=chat, telegram_message_id=7, business_connection_id="b", text="свой")
    MessageFactory(
        chat=chat,
        telegram_message_id=8,
        business_connection_id="b",
        reply_to_message_id=7,
        timestamp=NOW + timedelta(hours=1),
    )

    assert read_conversation(chat_id=chat.pk).said[-1].quoted == theirs


def test_the_number_of_queries_does_not_grow_with_the_messages() -> None:
    chat = ChatFactory()
    for message in make(MessageFactory, 6, chat=chat):
        AnalysisFactory(message=message)
        Message.objects.filter(pk=message.pk).update(
            reply_to_message_id=message.telegram_message_id - 1, edited_at=NOW
        )
        MessageVersion.objects.create(message=message, text="раньше", valid_from=NOW)

    with CaptureQueriesContext(connection) as queries:
        shown(chat.pk)

    # The messages, their earlier versions, and what they answer.
    assert len(queries) == 3


def test_a_bubble_tells_edits_transcripts_forwards_and_files() -> None:
    chat = ChatFactory()
    edited = MessageFactory(chat=chat, text="Нужно 25", edited_at=NOW)
    MessageVersion.objects.create(message=edited, text="Нужно 20", valid_from=NOW)
    MessageFactory(
        chat=chat,
        text="",
        message_type="voice",
        media={"duration": 12},
        transcript="Почём пион",
        transcript_state="done",
    )
    MessageFactory(chat=chat, text="", message_type="voice", transcript_state="failed")
    MessageFactory(chat=chat, text="Прайс", forwarded_from="Склад")

    with translation.override("en"):
        page = shown(chat.pk)

    for words in ("Нужно 25", "Нужно 20", "voice, 0:12", "Почём пион", "Transcript: failed", "from Склад"):
        assert words in page


def test_a_deleted_message_keeps_its_words_and_says_that_it_is_gone() -> None:
    message = MessageFactory(text="Не нужно", deleted_at=NOW)

    with translation.override("en"):
        page = shown(message.chat_id)

    for words in ("is-deleted", "Не нужно", "deleted 12:00"):
        assert words in page


def test_a_quote_is_shown_also_where_the_answered_message_is_older_than_the_hub() -> None:
    chat = ChatFactory()
    old = MessageFactory(chat=chat, text="Пионы по 120, розы по 95")
    MessageFactory(chat=chat, reply_to_message_id=old.telegram_message_id, media={"quote": "розы по 95"})
    reply = {"name": "Пример", "text": "Тюльпаны будут в марте"}
    MessageFactory(chat=chat, reply_to_message_id=10_000, media={"reply_to": reply})
    MessageFactory(
        chat=chat, media={"external_reply": {"chat": "Канал «Образец»"}, "quote": "акция до пятницы"}
    )

    page = shown(chat.pk)

    assert page.count("розы по 95") == 2
    for words in ("Тюльпаны будут в марте", "Канал «Образец»", "акция до пятницы"):
        assert words in page


def test_who_speaks_without_being_a_person_has_a_name_and_a_side() -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, user=None, sender_chat_id=chat.pk, media={"signature": "Анна"})
    MessageFactory(chat=chat, user=None, sender_chat_id=-5, media={"sender_chat": "Цветы оптом"})

    with translation.override("en"):
        page = shown(chat.pk)

    for words in ("On behalf of the chat, Анна", "Цветы оптом", "bubble-staff", "bubble-bot"):
        assert words in page


def test_what_people_wrote_is_never_markup() -> None:
    chat = ChatFactory()
    MessageFactory(
        chat=chat,
        text="<script>1</script>",
        user=PersonFactory(first_name="<b>2</b>"),
        message_type="document",
        media={"file_name": "<i>3</i>"},
        forwarded_from="<u>4</u>",
    )

    page = shown(chat.pk)

    for markup in ("<script>1", "<b>2", "<i>3", "<u>4"):
        assert markup not in page


def test_a_line_and_notes_stand_where_they_are_asked_for() -> None:
    chat = ChatFactory()
    first, second = make(MessageFactory, 2, chat=chat)

    page = shown(
        chat.pk,
        line_before_id=second.pk,
        line_text="с этого места",
        changed_ids={first.pk},
        changed_text="правлено потом",
        answered_id=first.pk,
    )

    assert (
        page.index(f"message-{first.pk}") < page.index("с этого места") < page.index(f"message-{second.pk}")
    )
    assert page.index("правлено потом") < page.index("с этого места")
    assert page.count("is-answered") == 1


@pytest.mark.parametrize(
    ("message_type", "media", "words"),
    [
        ("photo", {}, "photo"),
        ("document", {"file_name": "прайс.xlsx", "file_size": 148_312}, "document, прайс.xlsx, 144.8\xa0KB"),
        ("voice", {"duration": 5}, "voice, 0:05"),
        ("video", {"duration": 3725, "file_size": 5}, "video, 1:02:05, 5\xa0bytes"),
        ("audio", {"duration": 90_000}, "audio, 25:00:00"),
        ("venue", {"title": "Склад", "address": "Цветочная, 1"}, "venue, Склад, Цветочная, 1"),
        ("contact", {"first_name": "Пётр", "phone_number": "+7000"}, "contact, Пётр, +7000"),
        ("sticker", {"emoji": "🌷"}, "sticker, 🌷"),
        ("dice", {"emoji": "🎲", "value": 3}, "dice, 🎲, 3"),
        ("poll", {"question": "Когда?"}, "poll, Когда?"),
        # What a stranger's export may hold.
        ("document", {"file_name": 5, "duration": "x"}, "document"),
        ("document", ["?"], "document"),
    ],
)
def test_media_in_words(message_type: str, media: object, words: str) -> None:
    with translation.override("en"):
        assert media_in_words(Message(message_type=message_type, media=media)) == words
