"""Whoever only has the same name, or stands beside, keeps every word."""

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone

from bots.erasing import erase_in_updates
from bots.forgetting import without_erased
from bots.models import RawUpdate, TelegramBot
from clients.models import TelegramUser
from cvgorod_hub.privacy.erasing import begin, run
from cvgorod_hub.privacy.exporting import export_person
from messaging.models import Chat, Message
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from tests.factories import ChatFactory, MessageFactory, PersonFactory, ResponseFactory
from tests.marks import committed

pytestmark = pytest.mark.django_db
ANNA = {"first_name": "Анна", "last_name": "", "username": ""}


def erase(person: TelegramUser) -> None:
    assert run(begin(person_id=person.pk, request="письмо", actor=Actor(name="Ольга")))


@pytest.fixture
def anna() -> TelegramUser:
    return PersonFactory(**ANNA)


@pytest.fixture
def namesake() -> TelegramUser:
    return PersonFactory(**ANNA)


@pytest.fixture
def shop(anna: TelegramUser) -> Chat:
    """Where she has spoken."""
    chat = ChatFactory()
    MessageFactory(chat=chat, user=anna, text="Добрый день")
    return chat


def draft(chat: Chat, **more: Any) -> PendingResponse:
    reply: PendingResponse = ResponseFactory(chat=chat, client_name="Анна", **more)
    return reply


def test_a_namesakes_drafts_wait_on(anna: TelegramUser, namesake: TelegramUser, shop: Chat) -> None:
    elsewhere = draft(MessageFactory(user=namesake).chat)
    asked = MessageFactory(chat=shop, user=namesake, text="А мне?")
    MessageFactory(chat=shop, user=anna, text="И мне")
    here = draft(shop, reply_to_message_id=asked.telegram_message_id)
    hers = draft(shop)

    erase(anna)

    left = PendingResponse.objects.filter(pk__in=[elsewhere.pk, here.pk, hers.pk]).order_by("pk")
    assert [(each.status, bool(each.response_text)) for each in left] == [
        ("pending", True),
        ("pending", True),
        ("rejected", False),
    ]


@committed
def test_drafts_to_others_are_no_staler_than_before(
    anna: TelegramUser, namesake: TelegramUser, shop: Chat
) -> None:
    """Nobody said anything: not where her words went, nor where somebody had quoted them."""
    quoting = {"reply_to": {"name": "Анна", "text": "до хаба"}}
    asked = MessageFactory(chat=shop, user=namesake, text="А мне?", media=quoting)
    here = draft(shop, reply_to_message_id=asked.telegram_message_id)
    before = list(Message.objects.order_by("pk").values_list("changed_xid", flat=True))

    erase(anna)

    after = Message.objects.order_by("pk").values_list("said_xid", flat=True)
    assert list(after) == before
    assert not Message.objects.filter(changed_xid__in=before).exists()  # the feed brings them again
    assert not PendingResponse.objects.with_staleness().get(pk=here.pk).is_stale


def test_nothing_of_a_namesake_is_handed_over(anna: TelegramUser, namesake: TelegramUser, shop: Chat) -> None:
    draft(MessageFactory(user=namesake).chat, response_text="Ваш долг 90 рублей")

    with zipfile.ZipFile(BytesIO(b"".join(export_person(anna)))) as archive:
        assert "Ваш долг" not in archive.read("replies.jsonl").decode()


def test_what_is_passed_on_of_a_namesake_stays(
    anna: TelegramUser, namesake: TelegramUser, shop: Chat
) -> None:
    others = MessageFactory(text="Добрый день", forwarded_from="Анна")
    quoting = MessageFactory(
        text="Да", media={"external_reply": {"name": "Анна", "message_id": 3}, "quote": "Беру"}
    )
    hers = MessageFactory(chat=shop, text="Добрый день", forwarded_from="Анна")

    erase(anna)

    others.refresh_from_db()
    assert (others.text, others.forwarded_from) == ("Добрый день", "Анна")
    quoting.refresh_from_db()
    assert quoting.media["quote"] == "Беру"
    hers.refresh_from_db()
    assert (hers.text, hers.erased_for) == ("", "request")


def test_where_nobody_else_has_the_name_copies_go_everywhere(anna: TelegramUser, shop: Chat) -> None:
    copied = MessageFactory(text="Добрый день", forwarded_from="Анна")

    erase(anna)

    copied.refresh_from_db()
    assert copied.text == ""


def test_who_has_a_username_alone_is_found_with_its_sign() -> None:
    person = PersonFactory(first_name="", last_name="", username="rosa_95")
    said = MessageFactory(user=person, text="Беру сорок")
    copied = MessageFactory(chat=said.chat, text="Беру сорок", forwarded_from="@rosa_95")
    named = MessageFactory(
        chat=said.chat, text="Да", media={"reply_to": {"name": "@rosa_95", "text": "до хаба"}}
    )

    erase(person)

    copied.refresh_from_db()
    named.refresh_from_db()
    assert (copied.text, copied.forwarded_from, named.text, named.media) == ("", "", "Да", {})


def stored(payload: dict[str, Any], chat: Chat) -> RawUpdate:
    bot = TelegramBot.objects.get_or_create(pk=77)[0]
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return RawUpdate.objects.create(bot=bot, update_id=1, kind="message", chat_id=chat.pk, payload=text)


def hidden_copy(chat: Chat, number: int, text: str) -> dict[str, Any]:
    origin = {"type": "hidden_user", "sender_user_name": "Анна", "date": 1}
    message = {"message_id": number, "date": 1, "chat": {"id": chat.pk, "type": "group"}}
    return {"update_id": 1, "message": message | {"text": text, "forward_origin": origin}}


def test_a_namesakes_hidden_words_stay_where_she_never_was(anna: TelegramUser, shop: Chat) -> None:
    elsewhere = ChatFactory()
    row = stored(hidden_copy(elsewhere, 5, "Беру"), elsewhere)
    before = row.payload

    changed = erase_in_updates([row.pk], anna.pk, timezone.now(), names=["Анна"], chats=[shop.pk])

    row.refresh_from_db()
    assert (changed, row.payload) == (0, before)


def test_of_hidden_words_where_she_was_only_her_own_go(anna: TelegramUser, shop: Chat) -> None:
    MessageFactory(chat=shop, telegram_message_id=5, text="", erased_at=timezone.now(), erased_for="request")
    others, hers = stored(hidden_copy(shop, 4, "Чужое"), shop), hidden_copy(shop, 5, "Своё")
    hers["message"]["reply_to_message"] = hidden_copy(shop, 4, "Чужое")["message"]
    row = RawUpdate.objects.create(
        bot=others.bot, update_id=2, kind="message", chat_id=shop.pk, payload=json.dumps(hers)
    )

    changed = erase_in_updates([others.pk, row.pk], anna.pk, timezone.now(), names=["Анна"], chats=[shop.pk])

    assert changed == 2
    others.refresh_from_db()
    row.refresh_from_db()
    message = json.loads(others.payload)["message"]
    assert (message["text"], message["forward_origin"]) == ("Чужое", {"type": "hidden_user", "date": 1})
    assert json.loads(row.payload)["message"].keys() == {"message_id", "date", "chat", "reply_to_message"}


@pytest.mark.parametrize(
    "number", [{}, [], "5", None, 1.5, True], ids=["object", "list", "text", "null", "float", "true"]
)
@pytest.mark.parametrize("where", ["chat", "sender_chat", "forward_origin", "reply_to_message"])
def test_garbage_in_the_place_of_a_number_keeps_nobody_waiting(where: str, number: object) -> None:
    """A batch of updates is read together: one that raised here would hold up all the others for ever."""
    person = 5_010_000_001
    message: dict[str, Any] = {"message_id": 1, "date": 1, "from": {"id": person}, "text": "слова"}
    message[where] = {
        "id": number,
        "sender_user": {"id": number},
        "message_id": number,
        "from": {"id": number},
    }
    payload = json.dumps({"update_id": 1, "message": message, "edited_message": {"from": {"id": person}}})

    kept = without_erased(payload, {person: timezone.now()}, received_at=timezone.now())

    # What a channel says is not the person's, whatever its number is.
    assert ("слова" in json.loads(kept)["message"].values()) == (where == "sender_chat")


def test_a_payload_that_is_nested_too_deep_to_be_told_apart_is_emptied() -> None:
    payload = '{"a":' * 100_000 + "5010000001" + "}" * 100_000

    kept = without_erased(payload, {5_010_000_001: timezone.now()}, received_at=timezone.now())

    assert kept == "{}"
