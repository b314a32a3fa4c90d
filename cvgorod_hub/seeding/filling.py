"""All of it into the database.

Into an empty hub in one transaction, with the indexes made anew at its end: what breaks off has done nothing.
Beside other messages it commits as it goes, so that nobody waits for it; `removing` takes away what is there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.conf import settings
from django.db import connection

from bots.models import RawUpdate, TelegramBot
from clients.models import TelegramUser, UserRole
from cvgorod_hub.api.models import WebhookEndpoint
from cvgorod_hub.seeding import identity
from cvgorod_hub.seeding.activity import note_chats, note_people
from cvgorod_hub.seeding.copying import Table, escaped, without_indexes
from cvgorod_hub.seeding.drafts import EVENT_COLUMNS, REPLY_COLUMNS, DraftWriter, Written
from cvgorod_hub.seeding.history import Chunk, History
from cvgorod_hub.seeding.identity import Cast, chat_id, person_id
from cvgorod_hub.seeding.scenes import Scene, Script
from cvgorod_hub.seeding.updates import KEPT, UPDATE_COLUMNS, broken_updates, updates_of
from intents.models import MessageAnalysis
from messaging.models import Chat, Message, MessageVersion, Recording
from sandbox.models import PendingResponse, ResponseEvent

# To make an index anew is quicker than to fill it row by row from so many rows on.
_MANY = 50_000
Progress = Callable[[int], object]
Psycopg = psycopg.Connection[Any]


class SeedError(Exception):
    """Nothing was done; one line says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to make; the same plan makes the same rows, but for keys."""

    messages: int
    days: int
    until: datetime
    seed: int


def check_empty(*, beside_real: bool) -> None:
    """Raises SeedError where the hub holds what is not invented, or would tell somebody of it."""
    if seeded_chats().exists():
        raise SeedError(
            "The hub has such messages already. Take them away first: manage.py seed_demo --remove"
        )
    if beside_real:
        return
    if Message.objects.exclude(chat__in=seeded_chats()).order_by().exists():
        raise SeedError(
            "The hub holds messages that are not invented, and these would stand among them. "
            "Use another database, or say --beside-real-data."
        )
    if WebhookEndpoint.objects.filter(is_active=True).exists():
        raise SeedError(
            "A webhook is in use and would be told of every message. "
            "Switch it off, or say --beside-real-data."
        )


def seeded_chats() -> Any:  # noqa: ANN401  (Chat's queryset)
    return Chat.objects.filter(pk__range=(-identity.LAST_ID, -identity.FIRST_ID))


def fill(plan: Plan, *, progress: Progress) -> None:
    """Make it all; `progress` is called with how many messages were stored."""
    connection.ensure_connection()
    raw: Psycopg = connection.connection
    cast = Cast.for_messages(plan.messages)
    scenes = Script(plan.seed).scenes()
    history = History(
        cast=cast,
        scenes=scenes,
        until=plan.until,
        days=plan.days,
        zone=ZoneInfo(settings.TIME_ZONE),
        seed=plan.seed,
    )
    is_empty = not Message.objects.order_by().exists()
    with _manual_commits(raw):
        filler = _Filler(raw, plan, history, scenes)
        with _without_indexes(raw) if is_empty and plan.messages >= _MANY else nullcontext():
            filler.run(progress, commit=_not_now if is_empty else _commit)
        _commit()
        # In a transaction of its own: a draft is stale by what its snapshot did not show.
        filler.finish()
    _analyse()


class _Filler:
    def __init__(self, raw: Psycopg, plan: Plan, history: History, scenes: list[Scene]) -> None:
        self._raw = raw
        self._plan = plan
        self._history = history
        self._scenes = scenes
        now = plan.until
        self._messages = Table(
            Message,
            *("id", "chat_id", "telegram_message_id", "user_id", "text", "message_type", "transcript_state"),
            *("transcript", "reply_to_message_id", "media", "timestamp", "edited_at", "state_at", "source"),
            "created_at",
            now=now,
        )
        self._analyses = Table(
            MessageAnalysis,
            *("message_id", "intent", "sentiment", "is_urgent", "entities", "confidence", "source"),
            *("pattern_id", "model_used", "tokens_used", "created_at", "updated_at"),
            now=now,
        )
        self._versions = Table(MessageVersion, "message_id", "text", "valid_from", now=now)
        self._recordings = Table(
            Recording,
            *(
                "message_id",
                "state",
                "file_unique_id",
                "container",
                "size",
                "seconds",
                "api",
                "billed_seconds",
            ),
            *("written_by", "queued_at", "created_at", "downloaded_at", "finished_at", "file_deleted_at"),
            *("bot_id", "file_id"),
            now=now,
        )
        self._replies = Table(PendingResponse, *REPLY_COLUMNS, now=now)
        self._events = Table(ResponseEvent, *EVENT_COLUMNS, now=now)
        self._updates = Table(RawUpdate, *UPDATE_COLUMNS, now=now)
        self._drafts = DraftWriter(first_key=self._next_key("pending_responses"), seed=plan.seed)
        self._newest: list[tuple[object, ...]] = []

    def run(self, progress: Progress, *, commit: Callable[[], object]) -> None:
        """People, chats, messages and what became of them."""
        self._people_and_chats()
        commit()
        chunks = self._history.chunks(self._plan.messages, first_key=self._next_key("messages"))
        for chunk in _gathered(chunks):
            self._store(chunk)
            commit()
            progress(len(chunk.messages))

    def _store(self, chunk: Chunk) -> None:
        self._messages.copy(self._raw, chunk.messages)
        self._analyses.copy(self._raw, chunk.analyses)
        self._versions.copy(self._raw, chunk.versions)
        bot = (identity.BOT_ID, "seed")
        self._recordings.copy(self._raw, [(*row, *bot) for row in chunk.recordings])
        self._write(self._drafts.of_sent(chunk.sent))
        self._newest = [*self._newest, *chunk.messages][-KEPT:]

    def _write(self, written: Written) -> None:
        self._replies.copy(self._raw, written.replies)
        self._events.copy(self._raw, written.events)

    def finish(self) -> None:
        """What waits at the end, and the newest updates."""
        history = self._history
        self._write(self._drafts.open_ones(history, self._scenes))
        self._updates.copy(self._raw, updates_of(self._newest, first_update=1))
        self._updates.copy(self._raw, broken_updates(first_update=KEPT + 10, at=self._plan.until))
        note_people(self._raw, {person_id(number): seen for number, seen in history.seen.items()})
        note_chats(self._raw, {chat_id(place): state for place, state in enumerate(history.states)})
        for table in ("messages", "pending_responses"):
            self._raw.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
            )

    def _next_key(self, table: str) -> int:
        row = self._raw.execute(f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))").fetchone()
        return int(row[0]) if row else 1

    def _people_and_chats(self) -> None:
        cast, until = self._history.cast, self._plan.until
        roles = dict(UserRole.objects.values_list("role_name", "pk"))
        TelegramBot.objects.create(
            pk=identity.BOT_ID,
            username="seed_demo_bot",
            name="Бот (выдуманный)",
            is_watched=False,
            can_read_all_group_messages=True,
        )
        people = Table(
            TelegramUser,
            *("id", "username", "first_name", "last_name", "role_id", "first_seen", "last_seen"),
            now=until,
        )
        people.copy(self._raw, (_person(cast, number, roles, until) for number in range(cast.people)))
        chats = Table(
            Chat,
            "id",
            "name",
            "chat_type",
            "folder",
            "customer_ref",
            "members_count",
            "created_at",
            now=until,
        )
        chats.copy(self._raw, (_chat(place, until) for place in range(cast.chats)))


def _person(cast: Cast, number: int, roles: dict[str, int], until: datetime) -> tuple[object, ...]:
    role = cast.role_of(number)
    first, last = identity.person_names(number)
    bots = {cast.mailing_bot: "Рассылка (демо)", cast.own_bot: "Ответы (демо)"}
    if number in bots:
        first, last = bots[number], ""
    # Some have no username, as in life.
    username = f"seed_{number}" if number % 3 else ""
    return person_id(number), username, escaped(first), escaped(last), roles[role], until, until


def _chat(place: int, until: datetime) -> tuple[object, ...]:
    folder = identity.FOLDERS[place % len(identity.FOLDERS)]
    customer = f"КА-{place + 1:08}" if place % 7 else ""
    kind = "group" if place % 20 == 19 else "supergroup"
    return chat_id(place), escaped(identity.chat_name(place)), kind, folder, customer, 3 + place % 14, until


def _gathered(chunks: Iterator[Chunk], at_least: int = 20_000) -> Iterator[Chunk]:
    """Days put together until a transaction is worth its while."""
    whole = Chunk()
    for chunk in chunks:
        for name in Chunk.__slots__:
            getattr(whole, name).extend(getattr(chunk, name))
        if len(whole.messages) >= at_least:
            yield whole
            whole = Chunk()
    if whole.messages:
        yield whole


def _not_now() -> None:
    """For a step that is committed with the whole."""


def _commit() -> None:
    """Not within a test's transaction, which is taken back as a whole."""
    if not connection.in_atomic_block:
        connection.commit()


@contextmanager
def _manual_commits(raw: Psycopg) -> Iterator[None]:
    """Within a test's transaction nothing is committed, whoever says so."""
    if connection.in_atomic_block:
        yield
        return
    connection.set_autocommit(False)
    try:
        yield
    except BaseException:
        raw.rollback()
        raise
    else:
        raw.commit()
    finally:
        connection.set_autocommit(True)


@contextmanager
def _without_indexes(raw: Psycopg) -> Iterator[None]:
    raw.execute("SET LOCAL maintenance_work_mem = '512MB'")
    # Foreign keys are looked at with each statement: not all of them are remembered until the end.
    raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with without_indexes(raw, "messages"), without_indexes(raw, "message_analysis"):
        yield


def _analyse() -> None:
    """What the planner knows of tables that were empty a minute ago would be of no use."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
