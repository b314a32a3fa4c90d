"""Rows for tests: plainly invented people and chats."""

from datetime import UTC, datetime
from typing import Any

import factory
from django.db import connection
from factory.django import DjangoModelFactory

from clients.models import RoleName, TelegramUser, UserRole
from intents.models import Intent, MessageAnalysis
from messaging.models import Chat, Message
from sandbox.models import PendingResponse

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def role(name: str) -> UserRole:
    return UserRole.objects.get(role_name=name)


class PersonFactory(DjangoModelFactory[TelegramUser]):
    class Meta:
        model = TelegramUser

    id = factory.Sequence(lambda n: 1000 + n)
    username = factory.LazyAttribute(lambda person: f"person{person.id}")
    first_name = factory.Sequence(lambda n: f"Человек {n}")
    role = factory.LazyFunction(lambda: role(RoleName.CLIENT))
    first_seen = NOW
    last_seen = NOW


class ManagerFactory(PersonFactory):
    role = factory.LazyFunction(lambda: role(RoleName.MANAGER))


class ChatFactory(DjangoModelFactory[Chat]):
    class Meta:
        model = Chat

    id = factory.Sequence(lambda n: -1_000_000_000_000 - n)
    name = factory.Sequence(lambda n: f"Магазин {n}")
    chat_type = Chat.Type.SUPERGROUP


class MessageFactory(DjangoModelFactory[Message]):
    class Meta:
        model = Message

    chat = factory.SubFactory(ChatFactory)
    user = factory.SubFactory(PersonFactory)
    telegram_message_id = factory.Sequence(lambda n: 1 + n)
    text = factory.Sequence(lambda n: f"Сообщение {n}")
    timestamp = NOW


class AnalysisFactory(DjangoModelFactory[MessageAnalysis]):
    class Meta:
        model = MessageAnalysis

    message = factory.SubFactory(MessageFactory)
    intent = Intent.QUESTION
    confidence = 0.9
    source = MessageAnalysis.Source.PATTERN


class ResponseFactory(DjangoModelFactory[PendingResponse]):
    class Meta:
        model = PendingResponse

    chat = factory.SubFactory(ChatFactory)
    response_text = "Да, роза есть, 95 рублей."
    original_text = factory.SelfAttribute("response_text")
    requested_by = "agent"

    @classmethod
    def _create(cls, model_class: type[PendingResponse], *args: Any, **fields: Any) -> PendingResponse:
        if connection.in_atomic_block:
            fields.setdefault("anchor_snapshot", before_this_transaction())
        return super()._create(model_class, *args, **fields)


def before_this_transaction() -> str:
    """A snapshot that shows nothing of a test that is one transaction.

    A real one shows it or not, as other transactions of the server happen to end: a transaction's own
    number is not among those that its snapshot knows to be running.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint, pg_current_snapshot()::text")
        own, snapshot = cursor.fetchone()
    oldest, next_one, running = snapshot.split(":")
    if own >= int(next_one):
        return str(snapshot)
    numbers = sorted({own, *map(int, filter(None, running.split(",")))})
    return f"{min(own, int(oldest))}:{next_one}:{','.join(map(str, numbers))}"


def make(factory_class: type[DjangoModelFactory[Any]], count: int, **fields: Any) -> list[Any]:
    return list(factory_class.create_batch(count, **fields))
