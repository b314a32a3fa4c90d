"""Where a reading stands, so that a run that was killed goes on, and nothing is decided twice."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from cvgorod_hub.common.database import session_connection
from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.errors import OldHubError
from cvgorod_hub.old_hub.models import LegacyMigration
from cvgorod_hub.old_hub.tally import Tallies, Tally, as_json, of_json

# Any constant will do; it keeps this lock apart from other users of advisory locks.
ONLY_ONE = 0x_C7_60_1D
# The session of a run that was killed ends with its statement.
PATIENCE_SECONDS = 15.0
# What a key may be in JSON, as JavaScript reads it.
_LARGEST_KEY = (1 << 53) - 1
# Both move together: an analysis is settled with its message.
RESUMED = ("messages", "message_analysis")
State = LegacyMigration.State


@contextmanager
def only_one_migration() -> Iterator[None]:
    """Raises OldHubError while another one runs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _take_lock():
        if time.monotonic() >= deadline:
            raise OldHubError("another migration from the old hub is running; wait for its end")
        time.sleep(0.1)
    try:
        yield
    finally:
        # With a session that is gone went its lock; what broke it is told already.
        with suppress(InterfaceError, DatabaseError), session_connection().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONLY_ONE])


@contextmanager
def may_be_alone() -> Iterator[bool]:
    """Whether no migration runs; none begins meanwhile."""
    is_alone = _take_lock()
    try:
        yield is_alone
    finally:
        if is_alone:
            _release_lock()


def _release_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [ONLY_ONE])


def _take_lock() -> bool:
    with session_connection().cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONLY_ONE])
        return bool(cursor.fetchone()[0])


def begin(old: OldDatabase, *, is_dry_run: bool) -> LegacyMigration:
    """The reading to go on with, or a new one; a dry run's is never stored.

    A new one inherits which keys are kept, and which of our patterns the old ones became.
    """
    last = LegacyMigration.objects.first()
    if not is_dry_run and last is not None and last.state == State.RUNNING and last.source == old.where:
        return last
    begun = LegacyMigration(
        source=old.where,
        kept_keys=last.kept_keys if last else {},
        patterns=last.patterns if last else {},
    )
    if not is_dry_run:
        LegacyMigration.objects.filter(state=State.RUNNING).update(
            state=State.FAILED, finished_at=timezone.now()
        )
        begun.save()
    return begun


def tallies_to_go_on_with(old: OldDatabase, migration: LegacyMigration) -> Tallies:
    """What the runs before settled of messages and their meanings.

    Nothing, and a checkpoint at the beginning, where the old hub has changed rows before that place since:
    read again, they add up again, and what is here already stays one row.
    """
    kept = of_json({table: migration.tallies[table] for table in RESUMED if table in migration.tallies})
    if migration.checkpoint is not None and kept and _still_stands(old, migration.checkpoint, kept):
        return kept
    migration.checkpoint, migration.tallies = None, {}
    return {}


def _still_stands(old: OldDatabase, checkpoint: int, kept: Tallies) -> bool:
    counts = {"messages": old.value(f"SELECT count(*) FROM messages WHERE id <= {checkpoint}")}  # noqa: S608
    if "message_analysis" in kept:
        counts["message_analysis"] = old.value(
            f"SELECT count(*) FROM message_analysis WHERE message_id <= {checkpoint}"  # noqa: S608
        )
    return all(kept[table].settled == count for table, count in counts.items())


def note_progress(migration: LegacyMigration, tallies: Tallies, *, checkpoint: int | None) -> None:
    """Call it in the transaction of the rows."""
    if checkpoint is not None:
        migration.checkpoint = checkpoint
    migration.tallies = as_json(tallies)
    migration.save(update_fields=["checkpoint", "tallies"])


def reserve_keys(migration: LegacyMigration, table: str, last_old_key: int) -> None:
    """Keep the old keys that nobody here has had, so that a link to a row of the old hub still leads to it.

    Ours begin after them. A hub that has rows of its own keeps those; old rows of such keys get new ones.
    """
    if table in migration.kept_keys:
        return
    last_old_key = min(last_old_key, _LARGEST_KEY)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        [sequence] = cursor.fetchone()
        # Nobody takes a number from it until this is committed.
        cursor.execute(f"ALTER SEQUENCE {sequence} NO CYCLE")
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
        [taken] = cursor.fetchone()
        if last_old_key > taken:
            cursor.execute(f"ALTER SEQUENCE {sequence} RESTART WITH {last_old_key + 1}")
        migration.kept_keys[table] = [taken + 1, last_old_key]
        migration.save(update_fields=["kept_keys"])


def finish(migration: LegacyMigration, report: dict[str, object], *, is_whole: bool) -> None:
    """`report`: as `MigrationReport.as_json` says it, to be read again."""
    migration.state = State.FINISHED if is_whole else State.FAILED
    migration.report, migration.finished_at = report, timezone.now()
    migration.save(update_fields=["state", "report", "finished_at"])


def fresh_tally(tallies: Tallies, table: str, *, old: int) -> Tally:
    """The table's tally, begun if there is none."""
    tally = tallies.setdefault(table, Tally())
    tally.old = old
    return tally
