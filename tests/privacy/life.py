"""A person with a word in every place where the hub keeps words, brought in by the ways of real life."""

import json
from pathlib import Path
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from bots.models import RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.updates import parse_all_waiting_updates
from clients.models import TelegramUser
from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from intents.corrections.correcting import Word, correct
from intents.models import MessageAnalysis, Reclassification
from messaging.announcing import announce_messages
from messaging.models import Message, Recording
from messaging.recordings import file_path, keep_version
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from sandbox.review import approve, edit, reject
from tests.api.test_feed import settle
from tests.messaging.exports import bring, chat, said
from tests.privacy.marks import LATIN, NUMBER, RUSSIAN, words

JSON = dict[str, Any]
BOT, PERSON, OTHER = 77, 5_010_000_001, 5_010_000_002
GROUP = {"id": -1_002_000_000_001, "type": "supergroup", "title": "Салон"}
PRIVATE = {"id": PERSON, "type": "private", "first_name": RUSSIAN, "last_name": LATIN, "username": LATIN}
THEM = {"id": PERSON, "is_bot": False, "first_name": RUSSIAN, "last_name": LATIN, "username": LATIN}
NEIGHBOUR = {"id": OTHER, "is_bot": False, "first_name": "Пример"}
ORIGIN = {"type": "user", "sender_user": THEM}
HIDDEN = {"type": "hidden_user", "sender_user_name": f"{RUSSIAN} {LATIN}", "date": 1}
FILE = {"file_id": "2", "file_unique_id": "2", "file_name": f"{RUSSIAN}.pdf"}
# What others said themselves.
NEIGHBOURS_WORDS = "Согласен, беру тоже."
OUR_ANSWER = "Да, роза есть, 95 рублей."
VOICE = {"file_id": "AgA1", "file_unique_id": "AQ1", "duration": 3, "mime_type": "audio/ogg"}


class Life:
    """Numbers of messages and updates go up; everything was said in the last hour."""

    def __init__(self) -> None:
        self.began = int(timezone.now().timestamp()) - 3600
        self.number = 0
        self.bot = TelegramBot.objects.get_or_create(pk=BOT)[0]
        self.staff = User.objects.create_superuser("anna", first_name="Анна")
        self.actor = Actor.from_user(self.staff)

    def message(self, *, by: JSON = THEM, where: JSON = GROUP, **content: Any) -> int:
        """Somebody writes; returns the number."""
        self.number = number = self.number + 1
        self.receive("message", self.envelope(number, by, where) | content)
        return number

    def envelope(self, number: int, by: JSON = THEM, where: JSON = GROUP) -> JSON:
        return {"message_id": number, "date": self.began + number, "chat": where, "from": by}

    def receive(self, kind: str, content: JSON) -> None:
        self.number += 1
        store_updates(bot_id=BOT, raw=[{"update_id": self.number, kind: content}])

    def read(self) -> None:
        parse_all_waiting_updates()


def live(folder: Path) -> Life:
    """All of it."""
    life = Life()
    _webhook()
    _talk(life)
    _other_kinds(life)
    life.read()
    # What was refused may quote what it was.
    RawUpdate.objects.filter(parse_state="failed").update(error=words("ошибка"))
    _others(life)
    life.read()
    settle()
    announce_messages(seconds=5)
    WebhookAttempt.objects.create(
        delivery=WebhookDelivery.objects.latest("pk"), began_at=timezone.now(), answer=words("ответ")
    )
    _spoken(life)
    _meanings(life)
    _replies(life)
    _traces(life)
    _history(folder)
    return life


def _webhook() -> None:
    WebhookEndpoint.objects.create(
        name="агент", url="https://127.0.0.1:9/", events=["message.new", "draft.decided"], feed_xid=1
    )


def _talk(life: Life) -> None:
    first = life.message(text=words("Почём роза?"))
    edited = life.envelope(first) | {"text": words("стало"), "edit_date": life.began + 600}
    life.receive("edited_message", edited)
    life.message(where=PRIVATE, text=words("лично"))
    life.message(photo=[{"file_id": "1", "file_unique_id": "1"}], caption=words("подпись"))
    life.message(forward_origin={"type": "hidden_user", "sender_user_name": LATIN, "date": 1}, text="чужое")
    life.receive("message", life.envelope(999) | {"date": "вчера", "text": words("не прочитать")})
    life.receive("callback_query", {"id": "q1", "from": THEM, "data": "чужая кнопка"})
    life.receive("my_chat_member", _member(life))
    life.receive("poll_answer", {"poll_id": "1", "user": THEM, "option_ids": [0]})
    life.receive("inline_query", {"id": "i1", "from": THEM, "query": words("ищу"), "offset": ""})
    asked = {"chat": GROUP, "from": THEM, "user_chat_id": PERSON, "date": life.began, "bio": words("о себе")}
    life.receive("chat_join_request", asked)
    order = {"name": RUSSIAN, "phone_number": NUMBER, "shipping_address": {"street_line1": LATIN}}
    bought = {"id": "o1", "from": THEM, "currency": "RUB", "total_amount": 1, "invoice_payload": LATIN}
    life.receive("pre_checkout_query", bought | {"order_info": order})


def _member(life: Life) -> JSON:
    member = {"status": "member", "user": {"id": BOT, "is_bot": True, "first_name": "Хаб"}}
    return {"chat": PRIVATE, "from": THEM, "date": life.began, "new_chat_member": member}


def _other_kinds(life: Life) -> None:
    options = [{"text": words("вариант")}]
    life.message(poll={"question": words("Когда?"), "options": options, "type": "regular"})
    life.message(document=FILE)
    life.message(contact={"phone_number": NUMBER, "first_name": "Кто-то"})
    life.message(venue={"title": RUSSIAN, "address": LATIN, "location": {"latitude": 1.0, "longitude": 2.0}})
    life.message(new_chat_title=RUSSIAN)
    life.message(something_new={"inner": words("новое")})


def _others(life: Life) -> None:
    """People who quote, pass on, and tell of the person."""
    asked = Message.objects.filter(user=PERSON, chat=GROUP["id"]).earliest("telegram_message_id")
    number = asked.telegram_message_id or 0
    answered = life.envelope(number) | {"text": words("стало")}
    quote = {"text": words("цитата")}
    life.message(by=NEIGHBOUR, text=NEIGHBOURS_WORDS, reply_to_message=answered, quote=quote)
    unknown = life.envelope(888) | {"text": words("до хаба")}
    life.message(by=NEIGHBOUR, text=NEIGHBOURS_WORDS, reply_to_message=unknown)
    life.message(by=NEIGHBOUR, text=words("стало"), forward_origin=ORIGIN | {"date": life.began + number})
    origin = ORIGIN | {"date": life.began}
    reply = {"origin": origin, "chat": GROUP, "message_id": 3}
    life.message(by=NEIGHBOUR, text=NEIGHBOURS_WORDS, external_reply=reply, quote=quote)
    theirs = life.envelope(life.number, NEIGHBOUR) | {"text": NEIGHBOURS_WORDS}
    life.message(text=words("и я"), reply_to_message=theirs, quote={"text": NEIGHBOURS_WORDS})
    life.message(by=NEIGHBOUR, new_chat_members=[THEM])
    life.message(by=NEIGHBOUR, pinned_message=answered)
    card = {"phone_number": NUMBER, "first_name": RUSSIAN, "last_name": LATIN, "user_id": PERSON}
    life.message(by=NEIGHBOUR, contact=card)
    shared = {"user_id": PERSON, "first_name": RUSSIAN, "last_name": LATIN, "username": LATIN}
    life.message(by=NEIGHBOUR, users_shared={"request_id": 1, "users": [shared]})
    life.message(by=NEIGHBOUR, text=NEIGHBOURS_WORDS, reply_to_story={"chat": PRIVATE, "id": 1})
    _from_a_hidden_account(life)


def _from_a_hidden_account(life: Life) -> None:
    """Passed on where Telegram names nobody's number: what was said, as it is and as it was, and a file."""
    for about in ("стало", "Почём роза?"):
        life.message(by=NEIGHBOUR, text=words(about), forward_origin=HIDDEN)
    life.message(by=NEIGHBOUR, document=FILE, forward_origin=HIDDEN)
    reply = {"origin": HIDDEN, "chat": GROUP, "message_id": 3}
    life.message(by=NEIGHBOUR, text=NEIGHBOURS_WORDS, external_reply=reply, quote={"text": words("цитата")})


def _spoken(life: Life) -> None:
    """A voice message, recognised, corrected by a person, and passed on by another one."""
    number = life.message(voice=VOICE)
    life.message(by=NEIGHBOUR, voice=VOICE, forward_origin=ORIGIN | {"date": life.began + number})
    life.read()
    for recording in Recording.objects.filter(file_unique_id="AQ1"):
        recording.file = f"voice/{recording.message_id}.ogg"
        path = file_path(recording)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(words("голос").encode())
        keep_version(recording, words("было распознано"))
        recording.state = Recording.State.DONE
        recording.save()
        Message.objects.filter(pk=recording.message_id).update(
            transcript=words("распознано"), transcript_state=Recording.State.DONE
        )


def _meanings(life: Life) -> None:
    message = Message.objects.filter(user=PERSON, chat=GROUP["id"]).earliest("pk")
    entities = [{"kind": "product", "text": RUSSIAN}]
    MessageAnalysis.objects.filter(message=message).update(entities=entities, model_error=words())
    correct(message_id=message.pk, user=life.staff, word=Word(intent="complaint"))
    Reclassification.objects.create(
        by="patterns", chosen=f"автор: {RUSSIAN} {LATIN}", key="1", actor_name="Анна", state="done"
    )


def _replies(life: Life) -> None:
    """One to the person that was sent, one that was rejected, one that waits; one to the neighbour."""
    message = Message.objects.filter(user=PERSON, chat=GROUP["id"]).earliest("pk")
    sent = _propose(life, OUR_ANSWER, reply_to=message.telegram_message_id)
    PendingResponse.objects.filter(pk=sent).update(client_name=f"{RUSSIAN} {LATIN}", status="sent")
    rejected = _propose(life, words("черновик"), reply_to=message.telegram_message_id)
    edit(response_id=rejected, actor=life.actor, text=words("правка"))
    reject(response_id=rejected, actor=life.actor, reason="Не тот тон")
    _propose(life, words("ждёт"), reply_to=message.telegram_message_id)
    approved = _propose(life, words("одобрено"), where=PERSON)
    approve(response_id=approved, actor=life.actor, confirm_stale=True)
    _propose(life, "Соседу другое.")
    PendingResponse.objects.filter(client_name="").update(client_name="Салон")


def _propose(life: Life, text: str, *, where: int = int(GROUP["id"]), reply_to: int | None = None) -> int:
    proposal = Proposal(chat_id=where, text=text, context=words("причина"), reply_to_message_id=reply_to)
    return propose(proposal=proposal, actor=life.actor).response.pk


def _traces(life: Life) -> None:
    LogEntry.objects.create(
        user=life.staff,
        content_type=ContentType.objects.get_for_model(TelegramUser),
        object_repr="люди",
        action_flag=CHANGE,
        change_message=f"Скачан CSV: «{RUSSIAN} {LATIN}»",
    )
    for row in (TelegramUser.objects.get(pk=PERSON), *Message.objects.filter(user=PERSON)[:2]):
        LogEntry.objects.create(
            user=life.staff,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=words()[:200],
            action_flag=CHANGE,
        )


def export() -> JSON:
    """What Telegram Desktop gives of their private talk, and of the group."""
    return chat(
        *(said(number, words(f"из истории {number}"), user=PERSON, at=number) for number in range(1, 6)),
        kind="personal_chat",
        number=PERSON,
        name=f"{RUSSIAN} {LATIN}",
    )


def _history(folder: Path) -> None:
    bring(folder, export())


def payloads() -> list[Any]:
    """Every update that was ever received, for Telegram to hand over once more."""
    return [json.loads(row.payload) for row in RawUpdate.objects.order_by("pk")]
