"""Starting, working off and cancelling a run.

What was chosen is written down as a list of messages in the transaction that starts the run. A batch takes
its messages off that list and classifies them in one transaction: two workers share a run without meeting, a
crash gives a batch back, and memory does not grow with the run.
"""

from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from intents.classification import classify_by_patterns
from intents.models import MessageAnalysis
from intents.reclassifying.models import Reclassification, ReclassificationItem
from messaging.models import Message

BATCH = 500
By, State = Reclassification.By, Reclassification.State

_CHOOSE = (
    "INSERT INTO reclassification_items (run_id, message_id) SELECT %s, chosen.id FROM ({}) AS chosen (id)"
)
# Newest first: what people look at today is right first.
_TAKE = """
DELETE FROM reclassification_items WHERE id IN (
    SELECT id FROM reclassification_items WHERE run_id = %s
     ORDER BY message_id DESC LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING message_id
"""


class NoModelError(Exception):
    """The model cannot be asked: there is no key for it."""


class Started(NamedTuple):
    """`is_new` is false where the same was running already."""

    run: Reclassification
    is_new: bool


def start(
    *, messages: "QuerySet[Message]", by: str, chosen: str, key: str, user: User | None = None
) -> Started:
    """Write down which messages are to be classified anew; nothing is classified yet.

    `chosen` says in words what was chosen, `key` stands for it: while one run of the same choice goes on,
    that one is returned. Raises NoModelError.
    """
    if by == By.MODEL and not settings.DEEPSEEK_API_KEY:
        raise NoModelError
    name = "command" if user is None else user.get_full_name() or user.get_username()
    with transaction.atomic():
        fresh = Reclassification.objects.bulk_create(
            [Reclassification(by=by, chosen=chosen[:300], key=key, actor_name=name[:150], actor_user=user)],
            ignore_conflicts=True,
        )
        del fresh  # without its key, whether it was stored or not
        same = Reclassification.objects.select_for_update().filter(by=by, key=key).order_by("pk")
        run = same.filter(state=State.RUNNING).last()
        if run is None or run.total:  # another's, which may have ended a moment ago
            return Started(run or same.latest("pk"), is_new=False)
        run.total = _choose(run, messages)
        run.save(update_fields=["total"])
        _finish_if_done(run)
    return Started(run, is_new=True)


def classify_batch(run: Reclassification) -> int:
    """Classify the next messages of a run anew; returns how many, 0 when none is left to take."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, [run.pk, BATCH])
            keys = [key for (key,) in cursor.fetchall()]
        kept = _classify(keys, by=run.by) if keys else 0
        # After the work: whoever else is at this run waits for the row only as long as this takes.
        Reclassification.objects.filter(pk=run.pk).update(done=F("done") + len(keys), kept=F("kept") + kept)
        if len(keys) < BATCH:
            _finish_if_done(run)
    return len(keys)


def work_off(
    run: Reclassification, *, may_go_on: Callable[[], bool], progress: Callable[[int], object]
) -> None:
    """Batch after batch until none is left, or `may_go_on` says no. `progress` is told how many each took."""
    while may_go_on() and (taken := classify_batch(run)):
        progress(taken)
    run.refresh_from_db()


def next_run() -> Reclassification | None:
    """The oldest run that is not done."""
    return Reclassification.objects.filter(state=State.RUNNING).order_by("pk").first()


def cancel(*, run_id: int, user: User) -> bool:
    """Leave the rest as it is; whether there was something to cancel. What was done stays done."""
    with transaction.atomic():
        cancelled = Reclassification.objects.filter(pk=run_id, state=State.RUNNING).update(
            state=State.CANCELLED,
            cancelled_by=(user.get_full_name() or user.get_username())[:150],
            finished_at=timezone.now(),
        )
        if cancelled:
            # What a worker holds at this moment it finishes; waiting for it here would be waiting in a ring.
            left = ReclassificationItem.objects.filter(run_id=run_id).select_for_update(skip_locked=True)
            ReclassificationItem.objects.filter(pk__in=left.values("pk")).delete()
    return bool(cancelled)


def _choose(run: Reclassification, messages: "QuerySet[Message]") -> int:
    sql, parameters = messages.order_by().values_list("pk").distinct().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_CHOOSE.format(sql), [run.pk, *parameters])
        return int(cursor.rowcount)


def _classify(keys: list[int], *, by: str) -> int:
    """Classify these; returns how many were left to a person's word."""
    # Held, so that what an erasure takes away meanwhile does not come back as what was read in it.
    rows = Message.objects.filter(pk__in=keys).select_for_update(of=("self",), no_key=True)
    messages = list(rows.select_related("user__role").defer("search_vector").order_by("pk"))
    decided = MessageAnalysis.objects.filter(message_id__in=keys, source=MessageAnalysis.Source.PERSON)
    if by == By.PATTERNS:
        classify_by_patterns(messages, keep_model=True)
    else:
        _make_due(messages)
    return decided.count()


def _make_due(messages: list[Message]) -> None:
    """The model's turn for each; what was never read gets the patterns' verdict first."""
    found = MessageAnalysis.objects.filter(message__in=messages)
    known = set(found.values_list("message_id", flat=True))
    classify_by_patterns([message for message in messages if message.pk not in known])
    list(found.order_by("message_id").select_for_update().values_list("pk"))  # in ingest's order
    now = timezone.now()
    # As changed now, since a message waits for the model from its last change on; but what it is being asked
    # at this moment is not asked, and paid for, twice.
    found.exclude(source=MessageAnalysis.Source.PERSON).update(
        model_due_at=Greatest("model_due_at", Value(now)),
        model_attempts=0,
        model_alone=False,
        model_error="",
        updated_at=now,
    )


def _finish_if_done(run: Reclassification) -> None:
    """Done when nothing is left, also what another worker holds at this moment."""
    left = ReclassificationItem.objects.filter(run_id=run.pk)
    Reclassification.objects.filter(pk=run.pk, state=State.RUNNING).exclude(
        pk__in=left.values("run_id")
    ).update(state=State.DONE, finished_at=timezone.now())
    run.refresh_from_db()
