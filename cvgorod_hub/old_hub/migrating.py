"""The whole of it: table after table, messages by batches of one transaction each, then the sums.

A run that ends in the middle, however it ends, has done whole batches; the next one goes on behind them.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError, connection, reset_queries, transaction

from bots.models import TelegramBot
from clients.erasing import hold_erased
from cvgorod_hub.common.database import is_passing, past_the_pooler
from cvgorod_hub.common.redaction import redact
from cvgorod_hub.old_hub.batches import ROWS, Batch, read_batches, select_duplicates
from cvgorod_hub.old_hub.chats import bring_chats
from cvgorod_hub.old_hub.checkpoints import (
    RESUMED,
    begin,
    finish,
    fresh_tally,
    note_progress,
    only_one_migration,
    reserve_keys,
    tallies_to_go_on_with,
)
from cvgorod_hub.old_hub.connecting import OldDatabase, open_old_database
from cvgorod_hub.old_hub.errors import OldHubError
from cvgorod_hub.old_hub.indexes import indexes_set_aside
from cvgorod_hub.old_hub.meanings import (
    count_from_columns,
    count_meanings,
    judge_meanings,
    make_meaning_staging,
    store_meanings,
)
from cvgorod_hub.old_hub.messages import (
    LONGEST_TEXT,
    count_messages,
    judge_messages,
    make_message_staging,
    store_messages,
)
from cvgorod_hub.old_hub.models import LegacyMigration
from cvgorod_hub.old_hub.patterns import bring_patterns
from cvgorod_hub.old_hub.people import bring_people
from cvgorod_hub.old_hub.replies import bring_replies
from cvgorod_hub.old_hub.report import MigrationReport
from cvgorod_hub.old_hub.roles import bring_roles
from cvgorod_hub.old_hub.shape import KNOWN, Shape, read_shape
from cvgorod_hub.old_hub.staging import tell_the_planner
from cvgorod_hub.old_hub.tally import Tallies, Tally, of_json
from messaging.locks import lock_chats

# From so many new messages on the planner must be told of them.
_MANY = 10_000
_NO_KEYS = (1, 0)


@dataclass(frozen=True, kw_only=True)
class MigrationOptions:
    """`bot_id`: by whose numbers the old hub knew the messages of basic groups; None: this hub's bot."""

    is_dry_run: bool = False
    bot_id: int | None = None
    rows: int = ROWS


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """`on_begin`: how many rows there are; `on_progress`: a table's name, and how many more are settled."""

    on_begin: Callable[[int], object] = field(default=lambda _rows: None)
    on_progress: Callable[[str, int], object] = field(default=lambda _table, _rows: None)


@past_the_pooler()
def migrate(url: str, options: MigrationOptions, hooks: Hooks) -> MigrationReport:
    """Bring the old database over, or say what would come. Raises OldHubError."""
    try:
        with nullcontext() if options.is_dry_run else only_one_migration(), open_old_database(url) as old:
            return _Migration(old, options, hooks).run()
    except DatabaseError as error:
        if not is_passing(error):
            raise
        line = " ".join(redact(str(error)).split())
        raise OldHubError(f"this hub's own database failed: {line}") from error


class _Migration:
    def __init__(self, old: OldDatabase, options: MigrationOptions, hooks: Hooks) -> None:
        self._old = old
        self._options = options
        self._hooks = hooks
        self._shape: Shape = read_shape(old)
        self._state: LegacyMigration = begin(old, is_dry_run=options.is_dry_run)
        self._bot_id = own_bot_id() if options.bot_id is None else options.bot_id
        self._tallies: Tallies = {}
        self._closed = [*RESUMED]
        # What runs before this one said of whole tables.
        self._earlier = of_json(self._state.tallies)

    def run(self) -> MigrationReport:
        self._begin()
        dry = self._options.is_dry_run
        roles = bring_roles(self._old, self._shape, self._tally("user_roles"), is_dry_run=dry)
        self._close("user_roles")
        patterns = self._patterns(roles)
        self._close("message_patterns")
        bring_people(
            self._old,
            self._shape,
            self._tally("users"),
            role_names=roles.values(),
            is_dry_run=dry,
            on_progress=lambda rows: self._hooks.on_progress("users", rows),
        )
        self._close("users")
        bring_chats(
            self._old,
            self._shape,
            self._tally("chats"),
            is_dry_run=dry,
            on_progress=lambda rows: self._hooks.on_progress("chats", rows),
        )
        self._close("chats")
        make_message_staging(self._old.lines(select_duplicates(self._shape)))
        make_meaning_staging(patterns)
        # Those that an earlier run settled do not come again.
        coming = self._tally("messages").old - self._tally("messages").settled
        with nullcontext() if dry else indexes_set_aside(coming):
            self._messages()
        bring_replies(
            self._old,
            self._shape,
            self._tally("pending_responses"),
            kept=self._kept("pending_responses"),
            longest=LONGEST_TEXT,
            is_dry_run=dry,
            on_progress=lambda rows: self._hooks.on_progress("pending_responses", rows),
        )
        return self._report()

    def _begin(self) -> None:
        """Count what there is, and find where an earlier run ended."""
        dry = self._options.is_dry_run
        self._tallies = {} if dry else tallies_to_go_on_with(self._old, self._state)
        for table in KNOWN:
            there = self._shape.has(table)
            count = self._old.value(f"SELECT count(*) FROM {table}") if there else 0  # noqa: S608
            fresh_tally(self._tallies, table, old=count)
        self._tallies = {table: self._tallies[table] for table in KNOWN}
        self._hooks.on_begin(sum(tally.old for tally in self._tallies.values()))
        for table, tally in self._tallies.items():
            self._hooks.on_progress(table, tally.settled)

    def _tally(self, table: str) -> Tally:
        return self._tallies[table]

    def _close(self, table: str) -> None:
        """A table is done. One that an earlier run had done is told as that run did it."""
        earlier = self._earlier.get(table)
        if earlier is not None and earlier.old == self._tally(table).old:
            self._tallies[table] = earlier
        self._closed.append(table)

    def _patterns(self, roles: dict[int, str]) -> dict[str, tuple[int, str]]:
        became = bring_patterns(
            self._old,
            self._shape,
            self._tally("message_patterns"),
            role_names=roles,
            known=self._state.patterns,
            is_dry_run=self._options.is_dry_run,
        )
        if not self._options.is_dry_run:
            self._state.patterns = {key: ours for key, (ours, _intent) in became.items()}
            self._state.save(update_fields=["patterns"])
        return became

    def _kept(self, table: str) -> tuple[int, int]:
        """The old keys that are keys here, first and last."""
        if not self._options.is_dry_run:
            last = self._old.value(f"SELECT max(id) FROM {table}") if self._shape.has(table) else None  # noqa: S608
            reserve_keys(self._state, table, last or 0)
        first_and_last: tuple[int, int] = tuple(self._state.kept_keys.get(table, _NO_KEYS))
        return first_and_last

    def _messages(self) -> None:
        kept = self._kept("messages")
        before = self._tally("messages").copied
        for batch in read_batches(
            self._old, self._shape, after=self._state.checkpoint, rows=self._options.rows
        ):
            with transaction.atomic():
                self._settle(batch, kept)
            self._hooks.on_progress("messages", len(batch.messages))
            self._hooks.on_progress("message_analysis", len(batch.analyses))
            # With DEBUG on Django keeps every statement.
            reset_queries()
        if self._tally("messages").copied - before >= _MANY and not self._options.is_dry_run:
            # Of tables that were smaller a minute ago.
            tell_the_planner("messages", "message_analysis", "chats", "users")

    def _settle(self, batch: Batch, kept: tuple[int, int]) -> None:
        dry = self._options.is_dry_run
        if not dry:
            hold_erased()
            lock_chats(batch.chat_ids)
            with connection.cursor() as cursor:
                # A row that refers to nothing is to be found with its statement, not at the end.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        judge_messages(batch, kept=kept, bot_id=self._bot_id, is_dry_run=dry)
        if not dry:
            store_messages()
        judge_meanings(batch)
        from_columns = count_from_columns()
        if not dry:
            store_meanings()
        count_messages(self._tally("messages"))
        count_meanings(self._tally("message_analysis"), self._tally("messages"), from_columns=from_columns)
        if not dry:
            done = {table: self._tally(table) for table in self._closed}
            note_progress(self._state, done, checkpoint=batch.last)

    def _report(self) -> MigrationReport:
        report = MigrationReport(
            source=self._old.where,
            is_dry_run=self._options.is_dry_run,
            tallies=self._tallies,
            left_alone={table: self._old.count(table) for table in self._shape.others},
        )
        if not self._options.is_dry_run:
            finish(self._state, report.as_json(), is_whole=not report.broken)
        return report


def own_bot_id() -> int:
    """The bot of TELEGRAM_BOT_TOKEN, else the only one that the hub knows, else 0."""
    number = settings.TELEGRAM_BOT_TOKEN.partition(":")[0]
    if number.isdecimal():
        return int(number)
    known = list(TelegramBot.objects.values_list("pk", flat=True)[:2])
    return known[0] if len(known) == 1 else 0
