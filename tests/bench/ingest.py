"""Updates a second into the database, beside what PostgreSQL itself takes and what a loop would do.

All three store the same hundred updates at a time, raw rows included: ours (store, read, patterns and all);
PostgreSQL's own multi-row INSERTs of the rows that ours made; and a loop of the ORM, one update after the
other. They take turns in one run, each in chats of its own.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bots.models import RawUpdate, TelegramBot
from bots.parsing import parse_update
from bots.raw_updates import encode_payload, store_updates
from bots.updates import parse_all_waiting_updates
from clients.models import TelegramUser, UserRole
from messaging.models import Chat, Message
from tests.bench.rows import Row

Update = dict[str, Any]

BATCH, ROUNDS, WARM_UP = 100, 40, 5
CHATS, PEOPLE = 300, 2000
# The bots of ours, of the plain INSERTs and of the loop.
OURS, INSERTS, LOOP = BOTS = (700, 701, 702)
WORDS = (
    "роза пионовидная эустома гортензия белая розовая коробка срезка завтра утром сколько стоит есть ли в "
    "наличии отгрузка счёт оплатили привезите пожалуйста добрый день нужно штук 50 60 см спасибо хорошо"
)
Inserts = list[tuple[str, list[str], list[list[object]]]]


def measure() -> list[Row]:
    TelegramBot.objects.bulk_create(TelegramBot(pk=bot, username=f"bench{bot}_bot") for bot in BOTS)
    Chat.objects.bulk_create(
        Chat(pk=chat_id(place, INSERTS), chat_type="supergroup") for place in range(CHATS)
    )
    ours, inserts, loop = Clock(), Clock(), Clock()
    for number in range(-WARM_UP, ROUNDS):
        batch = make_batch(number + WARM_UP, OURS)
        is_counted = number >= 0
        ours.time(lambda batch=batch: run_ours(batch), is_counted=is_counted)
        rows = rows_made_of(batch)
        inserts.time(lambda rows=rows: run_inserts(rows), is_counted=is_counted)
        batch = make_batch(number + WARM_UP, LOOP)
        loop.time(lambda batch=batch: run_loop(batch), is_counted=is_counted)
    check_that_all_is_there()
    return [
        Row(
            name="updates stored and read, beside multi-row INSERTs of the rows",
            value=ours.per_second,
            bound=inserts.per_second,
            unit="/s",
            goal="at least 0.40",
        ),
        Row(
            name="updates stored and read, beside a loop of the ORM",
            value=ours.per_second,
            bound=loop.per_second,
            unit="/s",
            goal="",
        ),
    ]


class Clock:
    """Counts batches and the seconds they took."""

    def __init__(self) -> None:
        self.batches, self.seconds = 0, 0.0

    def time(self, work: Callable[[], object], *, is_counted: bool) -> None:
        began = time.perf_counter()
        work()
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


def rows_made_of(batch: Sequence[Update]) -> Inserts:
    """(table, columns, rows): what ours has just stored for this batch, moved to the other bot's chats."""
    ids = [update["update_id"] for update in batch]
    raws = RawUpdate.objects.filter(bot_id=OURS, update_id__in=ids)
    chats = Chat.objects.filter(pk__range=(chat_id(CHATS, OURS), chat_id(0, OURS)))
    messages = Message.objects.filter(telegram_message_id__in=[number + 1 for number in ids], chat__in=chats)
    inserts: Inserts = []
    for rows in (raws, messages):
        fields = rows.model._meta.concrete_fields
        columns = [field.column for field in fields if not field.primary_key and not field.generated]
        values = [dict(zip(columns, row, strict=True)) for row in rows.values_list(*columns)]
        moved = [list(move(row).values()) for row in values]
        inserts.append((rows.model._meta.db_table, columns, moved))
    return inserts


def move(row: dict[str, object]) -> dict[str, object]:
    """The same row in the world of the plain INSERTs."""
    if "bot_id" in row:
        return row | {"bot_id": INSERTS}
    moved = int(str(row["chat_id"])) - (INSERTS - OURS) * 1_000_000
    return row | {"chat_id": moved, "media": json.dumps(row["media"])}


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
