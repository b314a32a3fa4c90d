"""A long random life of messages, and what statistics must say of it, counted from the rows one by one."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from clients.models import TelegramUser, UserRole
from cvgorod_hub.common.bulk import insert_rows, update_rows
from intents.models import Intent, MessageAnalysis, Sentiment
from messaging.history.copying import COLUMNS
from messaging.models import Chat, Message
from tests.factories import ChatFactory, PersonFactory
from tests.partitions import EVERYWHERE

Row = dict[str, Any]


class Life:
    """Chats and people, and what may happen to their messages; `step` does one thing."""

    def __init__(self, seed: int, *, beginning: datetime, days: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  (the same life each time)
        self.beginning, self.days = beginning, days
        self.numbers = iter(range(seed * 1_000_000 + 1, (seed + 1) * 1_000_000))
        self.roles = list(UserRole.objects.order_by("pk"))
        self.chats = [ChatFactory() for _ in range(4)]
        self.people = [PersonFactory(role=self.dice.choice(self.roles)) for _ in range(8)]

    def step(self) -> None:
        happening = self.dice.choices(
            [self.store, self.copy, self.analyse, self.reclassify, self.edit, self.move],
            weights=[8, 2, 6, 3, 2, 2],
        )[0]
        happening()

    def rare_step(self) -> None:
        self.dice.choice([self.change_roles, self.flag_role, self.delete, self.delete_first_messages])()

    def moment(self) -> datetime:
        """Mostly recent, on and around edges of quarters, hours and days, sometimes in the future."""
        seconds = int(self.days * 86_400 * self.dice.random() ** 0.5)
        edge = self.dice.choice([1, 900, 3600, 86_400])
        jitter = timedelta(microseconds=self.dice.choice([0, 0, -1, 1]))
        return self.beginning + timedelta(seconds=seconds // edge * edge) + jitter

    def message(self) -> Message:
        author = self.dice.choice([*self.people, None])
        return Message(
            chat=self.dice.choice(self.chats),
            telegram_message_id=next(self.numbers),
            user=author,
            text="слова",
            timestamp=self.moment(),
        )

    def store(self) -> None:
        """New messages and ones that are told again with another time, in one upsert."""
        rows = [self.message() for _ in range(self.dice.randint(1, 12))]
        if EVERYWHERE:  # no upsert there; the hub locks people first, so that two statements do no harm
            insert_rows(rows)
            return
        rows += [
            Message(
                chat_id=known.chat_id,
                telegram_message_id=known.telegram_message_id,
                user_id=known.user_id,
                text="снова",
                timestamp=self.moment(),
            )
            for known in self.some(Message, 2)
        ]
        key = ("chat", "telegram_message_id", "business_connection_id", "numbered_by")
        insert_rows(rows, conflict=key, update=("text", "timestamp"))

    def copy(self) -> None:
        """As an import does."""
        with connection.cursor() as cursor, cursor.copy(f"COPY messages ({COLUMNS}) FROM STDIN") as copy:
            for row in [self.message() for _ in range(self.dice.randint(1, 30))]:
                number = next(self.numbers) + (1 << 40)
                start = (number, row.chat_id, number, None, 0, "", row.user_id, None, row.text, "text")
                middle = (None, "", "", "{}", "", "", row.timestamp, None, row.timestamp)
                copy.write_row((*start, *middle, 0, "import", row.timestamp, 0))

    def analyse(self) -> None:
        analyses = [
            MessageAnalysis(
                message=message,
                intent=self.dice.choice(Intent.values),
                sentiment=self.dice.choice(Sentiment.values),
                confidence=0.9,
                source=MessageAnalysis.Source.PATTERN,
            )
            for message in self.some(Message, 12)
        ]
        insert_rows(analyses, conflict=("message",), update=("intent", "sentiment"))

    def reclassify(self) -> None:
        analyses = self.some(MessageAnalysis, 5)
        for analysis in analyses:
            analysis.intent = self.dice.choice(Intent.values)
            analysis.sentiment = self.dice.choice(Sentiment.values)
        update_rows(analyses, ["intent", "sentiment"])

    def edit(self) -> None:
        Message.objects.filter(pk__in=[row.pk for row in self.some(Message, 5)]).update(text="иначе")

    def move(self) -> None:
        """Of a message: its time, its author, its chat."""
        for message in self.some(Message, 3):
            message.timestamp = self.moment()
            message.user = self.dice.choice([*self.people, None])
            message.chat = self.dice.choice(self.chats)
            message.save(
                update_fields=self.dice.sample(["timestamp", "user", "chat"], k=self.dice.randint(1, 3))
            )

    def change_roles(self) -> None:
        people = self.dice.sample(self.people, k=self.dice.randint(1, 3))
        role = self.dice.choice(self.roles)
        TelegramUser.objects.filter(pk__in=[person.pk for person in people]).update(role=role)

    def flag_role(self) -> None:
        role = self.dice.choice(self.roles)
        UserRole.objects.filter(pk=role.pk).update(exclude_from_analytics=~F("exclude_from_analytics"))

    def delete(self) -> None:
        Message.objects.filter(pk__in=[row.pk for row in self.some(Message, 6)]).delete()
        MessageAnalysis.objects.filter(pk__in=[row.pk for row in self.some(MessageAnalysis, 3)]).delete()

    def delete_first_messages(self) -> None:
        """Before their analyses, which the deferred foreign key allows."""
        keys = [row.pk for row in self.some(Message, 4)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM messages WHERE id = ANY (%s)", [keys])
            cursor.execute("DELETE FROM message_analysis WHERE message_id = ANY (%s)", [keys])

    def some(self, model: type[Message | MessageAnalysis], count: int) -> list[Any]:
        """Of this life's own chats: another thread lives in others."""
        path = "chat__in" if model is Message else "message__chat__in"
        keys = list(model.objects.filter(**{path: self.chats}).order_by("pk").values_list("pk", flat=True))
        chosen = self.dice.sample(keys, k=min(count, len(keys)))
        return list(model.objects.filter(pk__in=chosen).order_by("pk"))


def read_rows(chats: Sequence[Chat] | None = None) -> list[Row]:
    """Every message with what statistics look at."""
    messages = Message.objects.all() if chats is None else Message.objects.filter(chat__in=chats)
    return list(
        messages.order_by().values(
            "chat_id",
            "user_id",
            "timestamp",
            role=F("user__role__role_name"),
            excluded=F("user__role__exclude_from_analytics"),
            intent=F("analysis__intent"),
            sentiment=F("analysis__sentiment"),
        )
    )


def since_of(rows: Sequence[Row], since: datetime | None) -> list[Row]:
    return [row for row in rows if since is None or row["timestamp"] >= since]


def by_role(rows: Sequence[Row]) -> list[Row]:
    roles = {row["role"] for row in rows}
    counts = [
        {
            "role": role,
            "message_count": sum(row["role"] == role for row in rows),
            "active_chats": len({row["chat_id"] for row in rows if row["role"] == role}),
            "active_users": len({row["user_id"] for row in rows if row["role"] == role} - {None}),
        }
        for role in roles
    ]
    return sorted(counts, key=lambda count: (-count["message_count"], count["role"] or ""))


def meanings(rows: Sequence[Row]) -> tuple[dict[str, int], dict[str, int]]:
    counted = [row for row in rows if row["intent"] and not row["excluded"]]
    return Counter(row["intent"] for row in counted), Counter(row["sentiment"] for row in counted)


def by_day(rows: Sequence[Row]) -> list[Row]:
    zone = ZoneInfo(settings.TIME_ZONE)
    counts = Counter(
        (row["timestamp"].astimezone(zone).date(), row["intent"])
        for row in rows
        if row["intent"] and not row["excluded"]
    )
    days = [{"date": date, "intent": intent, "count": count} for (date, intent), count in counts.items()]
    return sorted(days, key=lambda day: (-day["date"].toordinal(), -day["count"], day["intent"]))


def clients(rows: Sequence[Row]) -> int:
    return len({row["user_id"] for row in rows if row["role"] == "client"})


def moments_of(dice: random.Random, rows: Sequence[Row]) -> list[datetime]:
    """Moments to begin at: some rows' own, right after them, and edges of quarters; before and after all."""
    chosen = dice.sample([row["timestamp"] for row in rows], k=min(8, len(rows)))
    edges = [
        moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) for moment in chosen[:4]
    ]
    after = [moment + timedelta(microseconds=1) for moment in chosen[4:]]
    return [*chosen, *edges, *after, datetime(1930, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)]
