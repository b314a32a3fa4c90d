"""A person erased on request: begun at once, carried out in steps that may be interrupted and repeated.

From the first commit on nothing that the person said until then is taken in again; the steps then take away
what is stored. Each does its batches in transactions of their own and finds by itself what is left, or goes
on behind the last key that is done, so a process that dies, and two that meet, do no harm.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import F, Func, Value
from django.utils import timezone

from clients.erasing import Nameless, erase_names
from clients.models import TelegramUser
from cvgorod_hub.common.database import session_connection
from cvgorod_hub.privacy.models import Erasure
from cvgorod_hub.privacy.records import Record, read_all
from cvgorod_hub.privacy.steps import STEPS, Job, NotYetError
from messaging.search.forgetting import WordsInUseError
from sandbox.actors import Actor

logger = logging.getLogger(__name__)

State = Erasure.State
# Advisory locks, let go of with the connection: held while somebody carries an erasure out.
_RUNNING = (1 << 58) + 1

Progress = Callable[[str, int], object]


class BusyError(Exception):
    """Another process is carrying this erasure out."""


class _WidenedError(Exception):
    """The person asked once more meanwhile, so more is to be erased than this job knows."""


def begin(*, person_id: int, request: str, actor: Actor, until: datetime | None = None) -> Erasure:
    """Take the names away and have nothing of what was said until now come back; `run` does the rest.

    One that is running already is gone on with, up to this moment. `until` is given only to repeat an
    erasure. Short, as whoever stores messages waits for it. Raises TelegramUser.DoesNotExist,
    NotErasableError.
    """
    with transaction.atomic():
        nameless = erase_names(person_id, until)
        running = Erasure.objects.filter(person_id=person_id, state=State.RUNNING).select_for_update().first()
        if running is not None:
            return _widened(running, nameless)
        return Erasure.objects.create(
            person_id=person_id,
            until=nameless.until,
            request=request,
            actor_name=actor.name,
            actor_user=actor.user,
            names=list(nameless.names),
        )


def _widened(running: Erasure, nameless: Nameless) -> Erasure:
    """What the person said and was called since it began goes as well: its steps begin anew."""
    names = sorted({*running.names, *nameless.names})
    if (nameless.until, names) != (running.until, sorted(running.names)):
        running.until, running.names, running.steps_done, running.place = nameless.until, names, [], None
        running.save(update_fields=["until", "names", "steps_done", "place"])
    return running


def run(
    erasure: Erasure,
    *,
    may_go_on: Callable[[], bool] = lambda: True,
    progress: Progress = lambda _step, _count: None,
) -> bool:
    """Carry it out, or as much as may be; returns whether it is finished. Raises BusyError."""
    with _alone(erasure):
        while True:
            erasure.refresh_from_db()
            try:
                return _carry_out(Job(erasure), erasure, may_go_on, progress)
            except _WidenedError:
                continue
            except NotYetError:
                Erasure.objects.filter(pk=erasure.pk).update(place=None)
                return False
            except WordsInUseError:
                return False


def _carry_out(job: Job, erasure: Erasure, may_go_on: Callable[[], bool], progress: Progress) -> bool:
    """All steps that are left, once. Raises _WidenedError."""
    for step in STEPS:
        if step.name in erasure.steps_done:
            continue
        for chunk in step.find(job):
            if not may_go_on():
                return False
            with _counted(job) as counts:
                counts.update(step.do(job, chunk))
                if step.is_by_key:
                    job.place = chunk[-1]
            progress(step.name, len(chunk))
        job.place = None
        added = Func(F("steps_done"), Value(step.name), function="array_append")
        _update(job, steps_done=added, place=None)
    _finish(job, erasure)
    return True


def run_all(*, may_go_on: Callable[[], bool]) -> int:
    """Go on with what was begun, oldest first; returns how many were finished.

    One that fails keeps its error for people to see, and is tried again with the next call.
    """
    finished = 0
    for erasure in Erasure.objects.filter(state=State.RUNNING).order_by("pk"):
        if not may_go_on():
            break
        try:
            finished += run(erasure, may_go_on=may_go_on)
        except BusyError:
            continue
        except Exception as error:
            logger.exception("erasure failed erasure=%d", erasure.pk)
            # Its words may be the person's.
            Erasure.objects.filter(pk=erasure.pk).update(error=type(error).__name__)
    return finished


def to_repeat(path: Path | None = None) -> list[Record]:
    """What was erased once (`ERASURES_FILE`) and is here again, as after a restore from a backup.

    Raises FileNotFoundError, UnreadableRecordsError.
    """
    latest: dict[int, Record] = {}
    for record in read_all(path):
        known = latest.get(record.person_id)
        latest[record.person_id] = record if known is None or record.until > known.until else known
    here = dict(TelegramUser.objects.filter(pk__in=latest).values_list("pk", "erased_at"))
    return [
        record
        for person_id, record in latest.items()
        if person_id in here and ((erased_at := here[person_id]) is None or erased_at < record.until)
    ]


@contextmanager
def _alone(erasure: Erasure) -> Iterator[None]:
    session = session_connection()
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_RUNNING + erasure.pk])
        if not cursor.fetchone()[0]:
            raise BusyError
    try:
        yield
    finally:
        if session.is_usable():  # otherwise it was let go of with the connection
            with session.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_RUNNING + erasure.pk])


@contextmanager
def _counted(job: Job) -> Iterator[Counter[str]]:
    """One batch: its rows, how many they were, and how far it is, committed together."""
    counts: Counter[str] = Counter()
    with transaction.atomic():
        yield counts
        row = Erasure.objects.select_for_update().only("counts").get(pk=job.erasure_id)
        _update(job, counts=dict(Counter(row.counts) + counts), place=job.place)


def _update(job: Job, **values: object) -> None:
    """Raises _WidenedError, with nothing written, where more was asked for since this job was made."""
    erasures = Erasure.objects.filter(pk=job.erasure_id, until=job.until, names=job.names)
    if not erasures.update(**values):
        raise _WidenedError


def _finish(job: Job, erasure: Erasure) -> None:
    _update(job, state=State.FINISHED, names=[], error="", finished_at=timezone.now())
    erasure.refresh_from_db()
    logger.info("person erased erasure=%d messages=%d", erasure.pk, erasure.counts.get("messages", 0))
