"""Stored updates (bots/raw_updates.py) read, as often as need be.

What follows an update is called here by name: chats and messages first, then what the patterns make of
them, in one transaction; the model's turn comes from intents' own sweep. Presses of buttons are stored, and
decided by a task of their own (bots/presses.py).
"""

import logging
from collections.abc import Callable, Sequence

from celery import signature
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from bots.deletions import apply_deletions
from bots.erasing import forget_in
from bots.models import ButtonPress, RawUpdate
from bots.parsing import IncomingPress, ParsedUpdate, UnreadableUpdateError, parse_update
from bots.voice.nudging import look_soon
from clients.erasing import hold_erased
from cvgorod_hub.common.bulk import update_rows
from cvgorod_hub.common.database import is_passing
from cvgorod_hub.common.nudge import nudge
from cvgorod_hub.common.redaction import redact
from intents.classification import classify_by_patterns
from messaging.announcing import announce_soon
from messaging.chats import note_memberships
from messaging.ingest import key_of, store_messages
from messaging.locks import lock_chats
from messaging.models import Message
from messaging.recordings import note_recordings

logger = logging.getLogger(__name__)

State = RawUpdate.State
# One parsing transaction takes so many updates at the most.
PARSE_BATCH = 200
READ_FIELDS = ("parse_state", "error", "note", "parsed_at")
NEEDED_FIELDS = ("bot_id", "update_id", "payload", "received_at", *READ_FIELDS)
# By its name: the tasks' module imports this one.
SETTLE_PRESSES = "bots.tasks.settle_presses"


def parse_waiting_updates(*, bot_id: int | None = None) -> int:
    """Read up to PARSE_BATCH stored updates, oldest first; returns how many were taken.

    Updates that another process is reading are passed over. One that cannot be read, or whose rows the
    database refuses, is marked and does not hold back its neighbours. Raises a DatabaseError that will pass
    (is_passing): then everything waits as it was.
    """
    with transaction.atomic():
        erased = hold_erased()
        waiting = RawUpdate.objects.filter(parse_state=State.PENDING).only(*NEEDED_FIELDS).order_by("id")
        if bot_id is not None:
            waiting = waiting.filter(bot_id=bot_id)
        rows = list(waiting.select_for_update(skip_locked=True)[:PARSE_BATCH])
        forget_in(rows, erased)
        parsed = [(row, update) for row in rows if (update := _read(row)) is not None]
        _apply_or_fail(parsed)
        update_rows(rows, READ_FIELDS)
    return len(rows)


def parse_all_waiting_updates(*, bot_id: int | None = None) -> int:
    """Read batch after batch until no full one is left; returns how many updates were taken."""
    total = 0
    while (taken := parse_waiting_updates(bot_id=bot_id)) == PARSE_BATCH:
        total += taken
    return total + taken


def replay_updates(updates: QuerySet[RawUpdate], *, progress: Callable[[int], object] | None = None) -> int:
    """Read stored updates again, whatever came of them before; returns how many still cannot be read.

    Reading is repeatable: what is already stored stays one row. In steps, so that neither memory nor a
    transaction grows with their number; `progress` is told how many each step took. What is received
    meanwhile is not taken.
    """
    newest = RawUpdate.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    taken, failed = 0, 0
    ahead = updates.order_by("pk").values_list("pk", flat=True)
    while step := list(ahead.filter(pk__gt=taken, pk__lte=newest)[:PARSE_BATCH]):
        failed += _read_again(step)
        taken = step[-1]
        if progress is not None:
            progress(len(step))
    return failed


def _read_again(pks: Sequence[int]) -> int:
    """One step; returns how many of these rows cannot be read."""
    rows = RawUpdate.objects.filter(pk__in=pks)
    rows.update(parse_state=State.PENDING, error="", dismissed_by="", dismissed_at=None, dismissed_reason="")
    while rows.filter(parse_state=State.PENDING).exists():
        if not parse_waiting_updates():
            # Another process is reading them at this moment: wait until it is done.
            with transaction.atomic():
                list(rows.order_by("pk").select_for_update().values_list("pk"))
    return rows.filter(parse_state=State.FAILED).count()


def _read(row: RawUpdate) -> ParsedUpdate | None:
    """What the row means; a row that cannot be read is marked and gives None."""
    row.parsed_at = timezone.now()
    try:
        update = parse_update(row.decoded(), arrival=row.pk, bot_id=row.bot_id)
    except UnreadableUpdateError as error:
        _fail(row, str(error))
        return None
    except Exception as error:
        # A fault of the parser: the update waits for its mend, and its neighbours do not.
        logger.exception("parser failed bot=%s update=%s", row.bot_id, row.update_id)
        _fail(row, f"{type(error).__name__}: {error}")
        return None
    row.error = ""
    row.note = "; ".join(dict.fromkeys([*filter(None, row.note.split("; ")), *update.notes]))
    row.parse_state = State.IGNORED if update.means_nothing else State.PARSED
    return update


def _apply(updates: Sequence[ParsedUpdate]) -> None:
    memberships = [update.membership for update in updates if update.membership is not None]
    if memberships or any(update.deletion for update in updates):
        # All of them at once: the messages' chats would be locked after these, and out of order. A deletion
        # that is read beside its message must wait for it, or neither would see the other.
        lock_chats(chat_id for update in updates for chat_id in update.chat_ids)
        note_memberships(memberships)
    _store_presses([update.press for update in updates if update.press is not None])
    changed = store_messages([update.message for update in updates if update.message is not None])
    apply_deletions(updates, changed)
    if not changed:
        return
    _note_recordings(updates, changed)
    announce_soon()
    try:
        with transaction.atomic():
            classify_by_patterns(changed)
    except Exception as error:
        if is_passing(error):
            raise
        # A rule that breaks the classifier must not keep clients' words out of the database; intents'
        # own sweep comes back to messages without an analysis.
        logger.exception("patterns failed messages=%d", len(changed))


def _note_recordings(updates: Sequence[ParsedUpdate], changed: Sequence[Message]) -> None:
    """What was spoken is fetched and recognised by tasks of their own (bots/voice)."""
    told = {update.message.key: update.message.bot_id for update in updates if update.message is not None}
    if note_recordings(changed, {message.pk: told[key_of(message)] for message in changed}):
        look_soon()


def _store_presses(presses: Sequence[IncomingPress]) -> None:
    """Keep each press once, by its query; what it does is decided after this transaction."""
    if not presses:
        return
    ButtonPress.objects.bulk_create(
        (
            ButtonPress(
                query_id=press.query_id,
                person_id=press.person.id,
                username=press.person.username,
                first_name=press.person.first_name,
                last_name=press.person.last_name,
                data=press.data,
            )
            for press in presses
        ),
        ignore_conflicts=True,
    )
    transaction.on_commit(lambda: nudge(signature(SETTLE_PRESSES)), robust=True)


def _apply_or_fail(parsed: Sequence[tuple[RawUpdate, ParsedUpdate]]) -> None:
    """All at once; where that is refused, halves, so that only what is refused by itself fails."""
    if not parsed:
        return
    try:
        with transaction.atomic():
            _apply([update for _row, update in parsed])
    except Exception as error:
        if is_passing(error):
            raise
        if len(parsed) > 1:
            middle = len(parsed) // 2
            _apply_or_fail(parsed[:middle])
            _apply_or_fail(parsed[middle:])
            return
        [(row, _update)] = parsed
        _fail(row, f"{type(error).__name__}: {error}")


def _fail(row: RawUpdate, error: str) -> None:
    row.parse_state = State.FAILED
    row.error = redact(error).encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:1000]
    # The words of the refusal may quote the client's; they stay in the row.
    logger.warning("update cannot be read bot=%s update=%s", row.bot_id, row.update_id)
