"""The sweep behind the queue: what was missed, what waits for a key, what nobody can fetch, what is old."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from bots.voice.decisions import begin_again
from bots.voice.downloading import PART
from bots.voice.nudging import look_soon
from bots.voice.queue import MOST_AGE
from bots.voice.recognising import RESULT_KEPT
from messaging.models import Message, Recording
from messaging.recordings import SPOKEN, file_path, note_recordings

State = Recording.State
# How far the look for missed ones goes back: in messages, the newest by their key, and in time.
SWEPT_MESSAGES = 20_000
MISSED_FOR = timedelta(hours=24)
BATCH = 200
_AT_REST = [State.DONE, State.EMPTY, State.FAILED, State.TOO_BIG, State.OFF]
# A file that is being fetched is younger than this.
PART_SECONDS = 24 * 3600


def note_missed() -> int:
    """Recordings for messages of the last day that were stored without; returns how many."""
    newest = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    own = settings.TELEGRAM_BOT_TOKEN.partition(":")[0]
    if not own.isdecimal():
        return 0
    with transaction.atomic():
        missed = (
            Message.objects.filter(
                recording__isnull=True,
                id__gt=newest - SWEPT_MESSAGES,
                source=Message.Source.TELEGRAM,
                message_type__in=SPOKEN,
                created_at__gt=Now() - MISSED_FOR,
                media__has_key="file_id",
            )
            .defer("search_vector")
            .order_by("id")
            .select_for_update(of=("self",), no_key=True, skip_locked=True)[:BATCH]
        )
        messages = list(missed)
        noted = note_recordings(messages, {each.pk: each.numbered_by or int(own) for each in messages})
        if noted:
            look_soon()
    return len(messages)


def follow_the_key() -> int:
    """With a key, what waited for one goes on unless it is too old; without, what waits says so."""
    if settings.YANDEX_STT_ENABLED:
        since = Now() - timedelta(days=settings.VOICE_BACKLOG_DAYS)
        return _move(Recording.objects.filter(state=State.OFF, message__timestamp__gte=since), begin_again)
    waiting = Recording.objects.filter(state=State.RECOGNISING, operation_id="", due_at__lte=Now())
    return _move(waiting, lambda rows: rows.update(state=State.OFF, due_at=None))


def give_up_unfetched() -> int:
    """What only another bot could fetch, and for three days has not."""
    own = settings.TELEGRAM_BOT_TOKEN.partition(":")[0]
    waiting = Recording.objects.filter(
        state__in=[State.WAITING, State.DOWNLOADING], due_at__lte=Now(), queued_at__lt=Now() - MOST_AGE
    ).exclude(bot_id=int(own) if own.isdecimal() else -1)
    return _fail(waiting, Recording.Problem.NOT_FETCHED)


def give_up_unasked() -> int:
    """Operations whose results nobody could ask for, without a key, as long as SpeechKit kept them."""
    if settings.YANDEX_CLOUD_API_KEY:
        return 0
    gone = Recording.objects.filter(
        state=State.RECOGNISING, operation_id__gt="", due_at__lte=Now(), submitted_at__lt=Now() - RESULT_KEPT
    )
    return _fail(gone, Recording.Problem.EXPIRED)


def delete_old_files() -> int:
    """Files older than VOICE_KEEP_DAYS; their transcripts stay. Returns how many."""
    if not settings.VOICE_KEEP_DAYS:
        return 0
    before = Now() - timedelta(days=settings.VOICE_KEEP_DAYS)
    old = Recording.objects.filter(state__in=_AT_REST, file__gt="", message__timestamp__lt=before)
    deleted = 0
    for recording in old.order_by("message_id")[:BATCH]:
        # The file first: a crash in between leaves a row that the next sweep finds again.
        file_path(recording).unlink(missing_ok=True)
        deleted += Recording.objects.filter(pk=recording.pk, file=recording.file.name).update(
            file="", file_deleted_at=Now()
        )
    return deleted


def delete_parts() -> int:
    """What a worker that was killed in the middle of a download left behind."""
    limit, deleted = time.time() - PART_SECONDS, 0
    for part in _parts():
        if part.stat().st_mtime < limit:
            part.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _parts() -> Iterable[Path]:
    return (Path(settings.MEDIA_ROOT) / "voice").glob(f"*/*{PART}")


def _fail(rows: QuerySet[Recording], problem: Recording.Problem) -> int:
    changes = {"state": State.FAILED, "due_at": None, "problem": problem, "finished_at": Now()}
    return _move(rows, lambda chosen: chosen.update(**changes))


def _move(rows: QuerySet[Recording], change: Callable[[QuerySet[Recording]], int]) -> int:
    """A batch of these, newest first, with their messages; what somebody else holds waits."""
    with transaction.atomic():
        held = (
            rows.select_related("message")
            .defer("message__search_vector")
            .order_by("-message_id")
            .select_for_update(of=("self", "message"), no_key=True, skip_locked=True)
        )
        chosen = Recording.objects.filter(pk__in=[row.pk for row in held[:BATCH]])
        if not chosen:
            return 0
        change(chosen.all())
        for row in chosen.all():
            Message.objects.filter(pk=row.message_id).update(transcript_state=row.state)
        look_soon()
    return len(chosen)
