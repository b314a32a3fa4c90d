"""Updates a second into the database, beside what PostgreSQL itself takes and what a loop would do.

All store the same hundred updates at a time, raw rows included: ours (store, read, patterns and all);
PostgreSQL's own multi-row INSERTs of the rows that ours made, once of updates and messages alone and once of
the analyses too; and a loop of the ORM, one update after the other. They take turns in one run, each in chats
of its own.
"""

import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import JSONField, QuerySet
from django.utils import timezone

from bots.models import RawUpdate, TelegramBot
from bots.parsing import parse_update
from bots.raw_updates import encode_payload, store_updates
from bots.updates import parse_all_waiting_updates
from clients.models import TelegramUser, UserRole
from intents.models import MessageAnalysis
from messaging.models import Chat, Message
from tests.bench.rows import Goal, Row

Update = dict[str, Any]
Batch = TypeVar("Batch")

BATCH, ROUNDS, WARM_UP = 100, 40, 5
CHATS, PEOPLE = 300, 2000
# Shifts keys of rows out of the way of those that are counted.
FAR = 1 << 32
# The bots of ours, of the plain INSERTs without and with analyses, and of the loop.
OURS, INSERTS, ALL_INSERTS, LOOP = BOTS = (700, 701, 702, 703)
WORDS = (
    "роза пионовидная эустома гортензия белая розовая коробка срезка завтра утром сколько стоит есть ли в "
    "наличии отгрузка счёт оплатили привезите пожалуйста добрый день нужно штук 50 60 см спасибо хорошо"
)
Inserts = list[tuple[str, list[str], list[list[object]]]]


def measure() -> list[Row]:
    TelegramBot.objects.bulk_create(TelegramBot(pk=bot, username=f"bench{bot}_bot") for bot in BOTS)
    for bot, place in itertools.product((INSERTS, ALL_INSERTS), range(CHATS)):
        Chat.objects.create(pk=chat_id(place, bot), chat_type="supergroup")
    ours, inserts, all_inserts, loop = (Clock() for _ in BOTS)
    for number in range(-WARM_UP, ROUNDS):
        batch = make_batch(number + WARM_UP, OURS)
        is_counted = number >= 0
        ours.time(run_ours, batch, is_counted=is_counted)
        inserts.time(run_inserts, rows_made_of(batch, INSERTS)[:2], is_counted=is_counted)
        all_inserts.time(run_inserts, rows_made_of(batch, ALL_INSERTS), is_counted=is_counted)
        loop.time(run_loop, make_batch(number + WARM_UP, LOOP), is_counted=is_counted)
    check_that_all_is_there()
    goals = [
        ("INSERTs of updates and messages", inserts, Goal(least=0.4)),
        ("INSERTs of analyses as well", all_inserts, Goal(least=0.4)),
        ("a loop of the ORM", loop, Goal()),
    ]
    return [
        Row(
            name=f"ingest: updates beside {name}",
            value=ours.per_second,
            bound=clock.per_second,
            unit="/s",
            goal=goal,
        )
        for name, clock, goal in goals
    ]


class Clock:
    """Counts batches and the seconds they took."""

    def __init__(self) -> None:
        self.batches, self.seconds = 0, 0.0

    def time(self, work: Callable[[Batch], object], batch: Batch, *, is_counted: bool) -> None:
        began = time.perf_counter()
        work(batch)
        if is_counted:
            self.seconds += time.perf_counter() - began
            self.batches += 1

    @property
    def per_second(self) -> float:
        """Updates a second."""
        return self.batches * BATCH / self.seconds


def chat_id(place: int, bot: int) -> int:
    return -1_000_000_000_000 - bot * 1_000_000 - place


def make_batch(number: int, bot: int) -> list[Update]:
    """A hundred updates as Telegram sends them: mostly words, some pictures, replies and edits."""
    dice = random.Random(number)  # noqa: S311  (the same for everybody)
    return [make_update(number * BATCH + place, bot, dice) for place in range(BATCH)]


def make_update(number: int, bot: int, dice: random.Random) -> Update:
    person, text = dice.randrange(PEOPLE), " ".join(dice.choices(WORDS.split(), k=dice.randint(1, 12)))
    place = dice.randrange(CHATS)
    chat = {"id": chat_id(place, bot), "title": f"Салон {place}", "type": "supergroup"}
    message: Update = {
        "message_id": number + 1,
        "from": {
            "id": 10_000_000 + person,
            "is_bot": False,
            "first_name": f"Имя {person}",
            "last_name": "Примеров",
            "username": f"example_{person}",
            "language_code": "ru",
        },
        "chat": chat,
        "date": 1_790_000_000 + number // 3,
    }
    if dice.random() < 0.1:
        names = {"file_id": f"AgACAgIAAx{number}", "file_unique_id": f"AQAD{number}"}
        message["photo"] = [names | {"width": 1280, "height": 960, "file_size": 90_000}]
        message["caption"] = text
    else:
        message["text"] = text
    if dice.random() < 0.2:
        message["reply_to_message"] = {"message_id": max(1, number - 40), "date": 1, "chat": chat}
    if dice.random() < 0.05:
        return {"update_id": number, "edited_message": message | {"edit_date": message["date"] + 5}}
    return {"update_id": number, "message": message}


def run_ours(batch: Sequence[Update]) -> None:
    store_updates(bot_id=OURS, raw=batch)
    parse_all_waiting_updates(bot_id=OURS)


def rows_made_of(batch: Sequence[Update], bot: int) -> Inserts:
    """(table, columns, rows): what ours has just stored for this batch, moved to a world of its own."""
    ids = [update["update_id"] for update in batch]
    chats = Chat.objects.filter(pk__range=(chat_id(CHATS, OURS), chat_id(0, OURS)))
    messages = Message.objects.filter(telegram_message_id__in=[number + 1 for number in ids], chat__in=chats)
    far = FAR * bot
    return [
        moved(RawUpdate.objects.filter(bot_id=OURS, update_id__in=ids), bot_id=bot - OURS, id=far),
        moved(messages, chat_id=chat_id(0, bot) - chat_id(0, OURS), id=far),
        moved(MessageAnalysis.objects.filter(message__in=messages), message_id=far, id=far),
    ]


def moved(rows: "QuerySet[Any]", **shifts: int) -> tuple[str, list[str], list[list[object]]]:
    """These rows with some of their numbers shifted."""
    fields = [field for field in rows.model._meta.concrete_fields if not field.generated]
    columns = [field.column for field in fields]
    documents = {field.column for field in fields if isinstance(field, JSONField)}
    values = [
        [
            json.dumps(value)
            if column in documents
            else value + shifts[column]
            if column in shifts
            else value
            for column, value in zip(columns, row, strict=True)
        ]
        for row in rows.values_list(*columns)
    ]
    return rows.model._meta.db_table, columns, values


def run_inserts(tables: Inserts) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table, columns, rows in tables:
            places = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * len(rows))
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {places}",  # noqa: S608
                [value for row in rows for value in row],
            )


def run_loop(batch: Sequence[Update]) -> None:
    """What stores the same, one update after the other, as one would write it first."""
    client = UserRole.objects.get(role_name="client")
    for update in batch:
        with transaction.atomic():
            raw = RawUpdate.objects.create(
                bot_id=LOOP, update_id=update["update_id"], kind="message", payload=encode_payload(update)
            )
            message = parse_update(update, arrival=raw.pk).message
            assert message is not None
            assert message.sender is not None
            chat, _ = Chat.objects.update_or_create(
                pk=message.chat.id,
                defaults={
                    "name": message.chat.name,
                    "chat_type": "supergroup",
                    "last_message_at": message.timestamp,
                },
            )
            person, _ = TelegramUser.objects.update_or_create(
                pk=message.sender.id,
                defaults={"first_name": message.sender.first_name, "last_seen": message.timestamp},
                create_defaults={
                    "role": client,
                    "first_seen": message.timestamp,
                    "last_seen": message.timestamp,
                },
            )
            Message.objects.update_or_create(
                chat=chat,
                telegram_message_id=message.telegram_message_id,
                defaults={"user": person, "text": message.text, "timestamp": message.timestamp},
            )
            raw.parse_state, raw.parsed_at = "parsed", timezone.now()
            raw.save(update_fields=["parse_state", "parsed_at"])
            TelegramBot.objects.filter(pk=LOOP).update(next_offset=update["update_id"] + 1)


def check_that_all_is_there() -> None:
    """A measure of rows that are not there would say nothing."""
    total = (ROUNDS + WARM_UP) * BATCH
    for bot in BOTS:
        chats = Chat.objects.filter(pk__range=(chat_id(CHATS, bot), chat_id(0, bot)))
        stored = RawUpdate.objects.filter(bot_id=bot).count(), Message.objects.filter(chat__in=chats).count()
        assert stored == (total, total), f"bot {bot} stored {stored} of {total}"
