"""A reply written on the page of a conversation."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from messaging.models import Chat, Message
from sandbox.models import PendingResponse, SandboxSettings
from tests.desk.conftest import Browser
from tests.desk.pages import address, hidden, read, rows
from tests.factories import ChatFactory, MessageFactory
from tests.marks import committed

pytestmark = [committed, pytest.mark.usefixtures("english")]

# A test client's answer: a response that also has `context`.
Answer = Any


@pytest.fixture
def chat(transactional_db: None) -> Chat:
    chat: Chat = ChatFactory(name="Магазин")
    MessageFactory(chat=chat, text="Есть роза?")
    return chat


def fields_of(page: str) -> dict[str, str]:
    return {name: hidden(page, name) for name in ("form_id", "seen", "answer")}


def post(client: Client, chat: Chat, page: str, text: str = "Есть.", **fields: str) -> Answer:
    return client.post(address(chat.pk), {**fields_of(page), "text": text, **fields}, follow=True)


def said(answer: Answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def client_writes(chat: Chat, text: str = "Уже не надо") -> Message:
    message: Message = MessageFactory(chat=chat, text=text, timestamp=timezone.now())
    return message


def test_a_reply_is_on_its_way_and_stands_at_the_end(manager: Client, chat: Chat) -> None:
    answer = post(manager, chat, read(manager, address(chat.pk)))

    response = PendingResponse.objects.get()
    assert (response.status, response.response_text, response.approved_by) == ("approved", "Есть.", "Anna")
    assert response.requested_by_user == User.objects.get()
    assert said(answer) == ["On its way to Telegram."]
    assert answer.redirect_chain == [(address(chat.pk), 302)]
    assert rows(answer.content.decode())[-1] == f"draft-{response.pk}"


def test_the_same_page_posted_twice_is_one_reply(manager: Client, chat: Chat) -> None:
    page = read(manager, address(chat.pk))
    post(manager, chat, page)

    assert said(post(manager, chat, page)) == ["This reply was taken already; it is not sent twice."]
    assert PendingResponse.objects.count() == 1


def test_other_words_from_a_page_that_was_sent_ask_again(manager: Client, chat: Chat) -> None:
    page = read(manager, address(chat.pk))
    post(manager, chat, page)

    answer = post(manager, chat, page, "И ещё.")
    assert said(answer) == ["This form was sent already, with other words. Are both meant?"]
    again = answer.content.decode()
    assert ">И ещё.</textarea>" in again
    post(manager, chat, again, "И ещё.")

    texts = PendingResponse.objects.order_by("pk").values_list("response_text", flat=True)
    assert list(texts) == ["Есть.", "И ещё."]


def test_what_the_client_wrote_meanwhile_is_shown_and_asked_about(manager: Client, chat: Chat) -> None:
    page = read(manager, address(chat.pk))
    news = client_writes(chat)

    answer = post(manager, chat, page, "Отложил <b>")
    again = answer.content.decode()

    assert not PendingResponse.objects.exists()
    assert "while you were writing" in said(answer)[0]
    assert ">Отложил &lt;b&gt;</textarea>" in again
    line = re.search(r'id="conversation-line".*?id="(message-\d+)"', again, re.DOTALL)
    assert line is not None
    assert line[1] == f"message-{news.pk}"
    assert re.search(r'id="news">[^<]*the client wrote', again)
    assert "Send all the same" in again
    post(manager, chat, again, "Отложил <b>")
    assert PendingResponse.objects.get().status == "approved"


def test_news_while_reading_the_news_asks_once_more(manager: Client, chat: Chat) -> None:
    page = read(manager, address(chat.pk))
    client_writes(chat)
    again = post(manager, chat, page).content.decode()
    client_writes(chat, "Хотя нет")

    post(manager, chat, again)

    assert not PendingResponse.objects.exists()


def test_it_answers_the_message_that_was_chosen(manager: Client, chat: Chat) -> None:
    asked = Message.objects.get()
    page = read(manager, address(chat.pk, answer=asked.pk))

    assert hidden(page, "answer") == str(asked.pk)
    post(manager, chat, page)

    assert PendingResponse.objects.get().reply_to_message_id == asked.telegram_message_id


def test_a_message_of_another_chat_is_not_answered_here(manager: Client, chat: Chat) -> None:
    elsewhere = MessageFactory()

    post(manager, chat, read(manager, address(chat.pk)), answer=str(elsewhere.pk))

    assert PendingResponse.objects.get().reply_to_message_id is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": " "}, "The text is empty."),
        ({"text": "а" * 4097}, "1 character longer"),
        ({"seen": "forged"}, "changed on its way"),
        ({"form_id": "x"}, "incomplete"),
        ({"answer": "x"}, "incomplete"),
    ],
)
def test_what_cannot_be_sent_is_said_and_kept(
    manager: Client, chat: Chat, fields: dict[str, str], words: str
) -> None:
    answer = post(manager, chat, read(manager, address(chat.pk)), **{"text": "Есть.", **fields})

    assert words in said(answer)[0]
    assert f">{fields.get('text', 'Есть.')}</textarea>" in answer.content.decode()
    assert not PendingResponse.objects.exists()


def test_a_form_of_another_chat_is_refused(manager: Client, chat: Chat) -> None:
    other = ChatFactory()

    post(manager, chat, read(manager, address(other.pk)))

    assert not PendingResponse.objects.exists()


def test_where_the_bot_cannot_write_the_page_says_so_and_keeps_what_was_typed(
    manager: Client, chat: Chat
) -> None:
    page = read(manager, address(chat.pk))
    Chat.objects.filter(pk=chat.pk).update(is_active=False)

    answer = post(manager, chat, page)

    assert not PendingResponse.objects.exists()
    shown = answer.content.decode()
    assert "The bot cannot write to the chat" in shown
    assert "readonly>Есть.</textarea>" in shown
    assert 'id="send"' not in read(manager, address(chat.pk))


def test_a_group_that_moved_takes_no_reply_in_its_old_place(manager: Client, chat: Chat) -> None:
    page = read(manager, address(chat.pk))
    Chat.objects.filter(pk=chat.pk).update(migrated_to=ChatFactory())

    assert said(post(manager, chat, page)) == ["This group goes on elsewhere; nothing was sent."]
    assert not PendingResponse.objects.exists()


def test_under_four_eyes_it_is_handed_in(manager: Client, chat: Chat) -> None:
    SandboxSettings.objects.update_or_create(pk=1, defaults={"four_eyes": True})
    page = read(manager, address(chat.pk))

    assert "Hand in for approval" in page
    assert said(post(manager, chat, page)) == ["Saved. By the rule of four eyes somebody else approves it."]
    response = PendingResponse.objects.get()
    assert response.status == "pending"
    own = manager.get(f"/admin/sandbox/pendingresponse/{response.pk}/change/").content.decode()
    assert "You wrote this reply, so somebody else approves it." in own


def test_whoever_may_not_approve_may_not_write(manager: Client, browser: Browser, chat: Chat) -> None:
    fields = fields_of(read(manager, address(chat.pk)))

    answer = browser("Наблюдатели", name="viewer").post(address(chat.pk), {**fields, "text": "Есть."})

    assert answer.status_code == 403
    assert not PendingResponse.objects.exists()


def test_a_post_without_its_token_is_refused(manager: Client, chat: Chat) -> None:
    page = read(manager, address(chat.pk))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = manager.cookies

    assert strict.post(address(chat.pk), {**fields_of(page), "text": "Есть."}).status_code == 403
    assert not PendingResponse.objects.exists()
