"""Random conversations, and who was answered how soon, worked out in plain Python."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from clients.models import RoleName
from messaging.models import Message
from sandbox.models import PendingResponse, ResponseEvent
from tests.factories import ChatFactory, MessageFactory, PersonFactory, ResponseFactory, role

BEGAN = datetime(2026, 11, 2, tzinfo=UTC)
Pair = tuple[int, int, datetime, datetime, str]


@dataclass
class Life:
    """A fortnight in a few chats: clients, staff, programs, sends of the hub, imports, deletions."""

    dice: random.Random

    def __post_init__(self) -> None:
        self.account = User.objects.create(username="linked", is_staff=True)
        self.stranger = User.objects.create(username="stranger", is_staff=True)
        self.clients = PersonFactory.create_batch(4)
        self.staff = [
            PersonFactory(role=role(RoleName.MANAGER), staff_account=self.account),
            PersonFactory(role=role(RoleName.DIRECTOR)),
        ]
        self.programs = [PersonFactory(role=role(RoleName.BROADCAST_BOT))]
        self.chats = ChatFactory.create_batch(4)
        old = ChatFactory(migrated_to=self.chats[0])
        self.chats.append(old)
        # Telegram's numbers, not the order of storing, say what came first within a second.
        self.numbers = self.dice.sample(range(1, 10_000), k=2_000)

    def live(self, events: int) -> None:
        for _ in range(events):
            self.dice.choice(
                [self.client, self.client, self.client, self.person, self.person, self.other, self.sent]
            )()

    def moment(self) -> datetime:
        """Whole seconds, as Telegram's; some of them the same."""
        minutes = self.dice.randrange(14 * 24 * 60) if self.dice.random() < 0.8 else self.dice.randrange(3)
        return BEGAN + timedelta(minutes=minutes)

    def say(self, **fields: Any) -> Message:
        chat = fields.pop("chat", None) or self.dice.choice(self.chats)
        message: Message = MessageFactory(
            chat=chat, timestamp=self.moment(), telegram_message_id=self.numbers.pop(), **fields
        )
        return message

    def client(self) -> None:
        deleted_at = BEGAN if self.dice.random() < 0.1 else None
        self.say(user=self.dice.choice(self.clients), deleted_at=deleted_at)

    def person(self) -> None:
        if self.dice.random() < 0.15:
            chat = self.dice.choice(self.chats)
            self.say(chat=chat, user=None, sender_chat_id=chat.pk)
        else:
            self.say(user=self.dice.choice(self.staff))

    def other(self) -> None:
        """What neither asks nor answers."""
        self.dice.choice(
            [
                lambda: self.say(user=self.programs[0]),
                lambda: self.say(user=self.dice.choice(self.clients), message_type=Message.Type.SERVICE),
                lambda: self.say(user=self.dice.choice(self.staff), source=Message.Source.IMPORT),
                lambda: self.say(user=self.dice.choice(self.clients), source=Message.Source.IMPORT),
                lambda: self.say(user=None, sender_chat_id=-77),
            ]
        )()

    def sent(self) -> None:
        """By the hub, approved by a linked account, another account, or a key."""
        message = self.say(user=self.programs[0], source=Message.Source.SENT)
        account = self.dice.choice([self.account, self.stranger, None])
        reply: PendingResponse = ResponseFactory(
            chat=message.chat,
            status=PendingResponse.Status.SENT,
            telegram_message_id=message.telegram_message_id,
            sent_at=message.timestamp,
            approved_by=account.username if account else "a key",
        )
        PendingResponse.objects.filter(pk=reply.pk).update(created_at=message.timestamp - timedelta(hours=1))
        ResponseEvent.objects.create(
            response=reply, kind=ResponseEvent.Kind.APPROVED, actor_name=reply.approved_by, actor_user=account
        )

    def pairs(self) -> list[Pair]:
        """(answer, chat, asked at, answered at, who) over all time, in plain Python."""
        by_chat: dict[int, list[Message]] = defaultdict(list)
        for message in Message.objects.select_related("user__role", "chat"):
            by_chat[message.chat.migrated_to_id or message.chat_id].append(message)
        pairs = [pair for chat_id, said in by_chat.items() for pair in self._pairs(chat_id, said)]
        return sorted(pairs, key=lambda pair: (pair[3], pair[0]))

    def _pairs(self, chat_id: int, said: list[Message]) -> Iterator[Pair]:
        asked: datetime | None = None
        told = [(message, self._answers(message)) for message in said]
        order = sorted(
            ((message, answers) for message, answers in told if answers is not None),
            key=lambda one: (one[0].timestamp, one[0].telegram_message_id or 0, one[1]),
        )
        for message, answers in order:
            if not answers:
                asked = asked or message.timestamp
            elif asked is not None:
                yield message.pk, chat_id, asked, message.timestamp, self._who(message)
                asked = None

    def _answers(self, message: Message) -> bool | None:
        if message.message_type == "service" or message.source == "import":
            return None
        if message.source == "sent":
            return True
        if message.user is None:
            return True if message.sender_chat_id == message.chat_id else None
        if message.user.role.is_staff:
            return True
        return None if message.user.role.is_bot or message.deleted_at else False

    def _who(self, message: Message) -> str:
        if message.source == "sent":
            reply = PendingResponse.objects.get(
                chat=message.chat, telegram_message_id=message.telegram_message_id
            )
            linked = f"person-{self.staff[0].pk}"
            names = {"linked": linked, "stranger": f"account-{self.stranger.pk}", "a key": "name-a key"}
            return names[reply.approved_by]
        return "anonymous" if message.user is None else f"person-{message.user_id}"
