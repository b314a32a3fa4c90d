"""A hub in which every kind of row stands, so that generated calls find what they ask for."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from clients.models import RoleName, TelegramUser
from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey, Scope
from intents.models import Intent, Sentiment
from messaging.models import Chat, Message, MessageVersion
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose_batch
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory, PersonFactory, ResponseFactory, role

Status = PendingResponse.Status
TEXTS = [
    "Почём роза Ред Наоми 50см?",
    "Привезите десять букетов завтра",
    "",
    "<b>&amp; «ёлка»\u2028🌹",
    "Спасибо!",
]
# Of each state, for calls that use it up.
DRAFTS_OF_A_STATE = 30


@dataclass(frozen=True)
class Rows:
    """What generated calls may name; the keys open everything, or only the first chat."""

    keys: dict[str, str]
    chats: list[int]
    people: list[int]
    messages: list[int]
    telegram_messages: list[int]
    drafts: list[int]
    batches: list[str]


def fill() -> Rows:
    chats = _chats()
    people = [PersonFactory(role=role(name)) for name in RoleName.values for _ in range(2)]
    people.append(PersonFactory(username="", first_name="", last_name=""))
    messages = list(_messages(chats, people))
    keys = dict(_keys(chats[0]))
    drafts = [draft.pk for draft in _drafts(chats)]
    batches = [_batch(key, chats) for name, (key, _text) in keys.items() if name in {"propose", "all"}]
    return Rows(
        keys={name: text for name, (_key, text) in keys.items()},
        chats=[chat.pk for chat in chats],
        people=[person.pk for person in people],
        messages=[message.pk for message in messages],
        telegram_messages=[message.telegram_message_id for message in messages[:20]],
        drafts=drafts,
        batches=batches,
    )


def _keys(only_chat: Chat) -> Iterator[tuple[str, tuple[ApiKey, str]]]:
    scopes = {
        "read": [Scope.READ],
        "propose": [Scope.READ, Scope.PROPOSE],
        "review": [Scope.READ, Scope.REVIEW],
        "all": [Scope.READ, Scope.PROPOSE, Scope.REVIEW],
    }
    for name, held in scopes.items():
        yield name, create_key(name=name, scopes=held)
    key, text = create_key(name="limited", scopes=scopes["all"])
    ApiKey.objects.filter(pk=key.pk).update(chat_ids=[only_chat.pk])
    yield "limited", (key, text)
    key, text = create_key(name="slow", scopes=scopes["all"])
    ApiKey.objects.filter(pk=key.pk).update(calls_per_minute=100)
    yield "slow", (key, text)


def _chats() -> list[Chat]:
    now = timezone.now()
    chats = [ChatFactory(chat_type=kind, folder="Оптовые") for kind in Chat.Type.values]
    chats.append(ChatFactory(waiting_since=now - timedelta(hours=3), last_message_at=now, members_count=7))
    chats.append(ChatFactory(is_active=False, unreachable_reason="It was kicked."))
    chats.append(ChatFactory(name="", migrated_to=chats[0]))
    return chats


def _messages(chats: list[Chat], people: list[TelegramUser]) -> Iterator[Message]:
    """Every kind, source and analysis, some edited, answered, deleted, said by a channel."""
    now = timezone.now()
    turns = zip(
        itertools.cycle(chats), itertools.cycle([*people, None]), itertools.cycle(TEXTS), strict=False
    )
    meanings = itertools.cycle(itertools.product(Intent.values, Sentiment.values, [True, False]))
    kinds = itertools.product(Message.Type.values, range(6))
    for place, ((kind, _), (chat, person, text)) in enumerate(zip(kinds, turns, strict=False)):
        message = MessageFactory(
            chat=chat,
            user=person,
            text=text,
            message_type=kind,
            timestamp=now - timedelta(hours=place),
            reply_to_message_id=place if place % 5 == 0 else None,
            source=Message.Source.values[place % 3],
            **_details(kind, place),
        )
        if place % 3:
            intent, sentiment, is_urgent = next(meanings)
            AnalysisFactory(message=message, intent=intent, sentiment=sentiment, is_urgent=is_urgent)
        if message.edited_at:
            MessageVersion.objects.create(message=message, text="Раньше", valid_from=message.timestamp)
        yield message


def _details(kind: str, place: int) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if kind in {Message.Type.VOICE, Message.Type.VIDEO_NOTE}:
        states = Message.TranscriptState.values
        details |= {"transcript_state": states[place % len(states)], "transcript": "Алло, это Ромашка"}
    if kind != Message.Type.TEXT:
        details["media"] = {"file_id": "AgAC", "size": 2**40, "thumbs": [None, 1.5]}
    if place % 7 == 0:
        details["edited_at"] = timezone.now()
    if place % 50 == 0:
        details["deleted_at"] = timezone.now()
    return details


def _drafts(chats: list[Chat]) -> Iterator[PendingResponse]:
    reachable = [chat for chat in chats if chat.is_active]
    for status in Status.values:
        # One reply at a time is on its way to a chat.
        count = len(reachable) if status == Status.SENDING else DRAFTS_OF_A_STATE
        for chat, _ in zip(itertools.cycle(reachable), range(count), strict=False):
            yield ResponseFactory(chat=chat, status=status, **_history(status))


def _history(status: str) -> dict[str, Any]:
    now = timezone.now()
    if status == Status.REJECTED:
        return {"rejected_reason": "Не та цена"}
    if status in {Status.APPROVED, Status.SENDING, Status.SENT, Status.FAILED, Status.UNKNOWN}:
        details: dict[str, Any] = {"approved_by": "anna", "approved_at": now, "original_text": "Роза есть."}
        if status == Status.APPROVED:
            details["scheduled_at"] = now + timedelta(days=2)
        else:
            details |= {"attempts": 1, "claimed_at": now if status == Status.SENDING else None}
        if status == Status.SENT:
            details |= {"sent_at": now, "telegram_message_id": 4711}
        return details
    return {}


def _batch(key: ApiKey, chats: list[Chat]) -> str:
    proposals = [Proposal(chat_id=chat.pk, text="Завтра выходной.") for chat in chats if chat.is_active]
    drafts, _created = propose_batch(proposals=proposals, actor=Actor.from_key(key), idempotency_key=None)
    return str(drafts[0].batch_id)
