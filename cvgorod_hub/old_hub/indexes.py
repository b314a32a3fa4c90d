"""The indexes of an empty hub while a whole history comes: set aside, and built from all the rows at the end.

To fill them row by row is a fifth of what a million messages take. Which are missing is asked of the
database, as the models say which there should be; so after a run that was killed, however, the next run or
the next start of the hub builds them (cvgorod_hub/runner/preparation.py). Keys and unique ones always stay.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, OperationalError, connection, models, transaction

from cvgorod_hub.old_hub.checkpoints import may_be_alone
from intents.models import MessageAnalysis
from messaging.incoming import OLD_HUB_ORIGIN
from messaging.models import Message

# From so many coming messages on it is worth its while.
MANY = 50_000
_TABLES: tuple[type[models.Model], ...] = (Message, MessageAnalysis)
# By it a row is known again that an export brought to a basic group, and a conversation is read.
_KEPT = {"messages_chat_timestamp"}
_MEMORY = "128MB"
# Whoever reads now is waited for, but not for long: the messages come all the same.
_LOCK_TIMEOUT = "5s"
# One that could not be built whole is there, and of no use.
_THERE = """
SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE indrelid = %s::regclass
"""


@contextmanager
def indexes_set_aside(coming: int) -> Iterator[None]:
    """While so many old messages come, if there are no others here. What is missing is there afterwards."""
    if coming >= MANY and not _has_own_messages():
        drop()
    try:
        yield
    except BaseException:
        # With a session that is gone the next start of the hub does it; what broke it is told already.
        with suppress(InterfaceError, DatabaseError):
            build_missing()
        raise
    build_missing()


def build_indexes_of_a_killed_run() -> None:
    """Nothing to do, nearly always. While another run is at work they are its own business."""
    if not _missing():
        return
    with may_be_alone() as is_alone:
        if is_alone:
            build_missing()


def build_missing() -> None:
    """Writers of these tables wait meanwhile: seconds at a million messages."""
    for model, index, is_broken in _missing():
        with transaction.atomic(), connection.schema_editor() as editor:
            editor.execute(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'")
            if is_broken:
                editor.remove_index(model, index)
            editor.add_index(model, index)


def drop() -> None:
    """All at once, or none where somebody reads for longer than that."""
    try:
        with transaction.atomic(), connection.schema_editor() as editor:
            editor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
            for model in _TABLES:
                for index in model._meta.indexes:  # noqa: SLF001  (Django's documented name)
                    if index.name not in _KEPT:
                        editor.remove_index(model, index)
    except OperationalError:
        return


def _missing() -> list[tuple[type[models.Model], models.Index, bool]]:
    """Each with its table, and whether it is there and broken."""
    missing = []
    with connection.cursor() as cursor:
        for model in _TABLES:
            cursor.execute(_THERE, [model._meta.db_table])  # noqa: SLF001
            there = dict(cursor.fetchall())
            missing += [
                (model, index, index.name in there)
                for index in model._meta.indexes  # noqa: SLF001
                if not there.get(index.name)
            ]
    return missing


def _has_own_messages() -> bool:
    return Message.objects.order_by().exclude(origin__startswith=OLD_HUB_ORIGIN).exists()
