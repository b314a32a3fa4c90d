"""What the settings do not let be kept for ever, taken away a batch at a time.

Updates, recordings' files and deliveries have sweeps of their own (bots/retention.py, bots/voice/upkeep.py,
cvgorod_hub/api/hooks/retention.py). Here go the words of old messages and of old replies that were never
sent, while their rows and every count stay; old entries of the admin's log; sessions that have ended.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cvgorod_hub.privacy.models import RetentionState
from intents.erasing import blank_meanings
from messaging.erasing import blank_messages, hold_messages
from messaging.models import HistoryImport, Message
from messaging.search.forgetting import WordsInUseError, forget_words, unused_words
from sandbox.erasing import blank_settled, settled_before

logger = logging.getLogger(__name__)

# Rows of one transaction: short enough that nobody waits for it.
BATCH = 500
# Nobody stores anything in their chats meanwhile.
MESSAGES_AT_ONCE = 100
WORDS_AT_ONCE = 200
# How often the table of all words is compared with what messages say: it reads all of them.
FORGET_WORDS_EVERY = timedelta(days=1)
# How often what lies before a sweep's place is looked through once more: the history of the hub before this
# one, an edit of a message that was never seen, a reply that was settled after years come behind it.
FROM_THE_BEGINNING_EVERY = timedelta(days=1)

Sweep = Callable[[float], int]


def forget_old(*, seconds: float) -> int:
    """Take away what is older than the settings say, for so long at the most; returns how many rows.

    What is left comes with the next call.
    """
    end = time.monotonic() + seconds
    return sum(sweep(end) for sweep in (_messages, _replies, _words, _admin_log, _sessions))


def _messages(end: float) -> int:
    if (before := _before(settings.MESSAGES_KEEP_DAYS)) is None:
        return 0
    state, forgotten = _state_of_messages(), 0
    while time.monotonic() < end:
        old = Message.objects.filter(timestamp__lt=before, erased_at=None)
        if state.place is not None:
            old = old.filter(timestamp__gte=state.place)
        rows = list(old.order_by("timestamp", "pk").values_list("pk", "timestamp")[:MESSAGES_AT_ONCE])
        if rows:
            ids = [pk for pk, _at in rows]
            with transaction.atomic():
                hold_messages(ids)
                blank_meanings(ids)
                blank_messages(ids, why=Message.ErasedFor.AGE)
            forgotten += len(ids)
        state.place = rows[-1][1] if rows else before
        state.save()
        if len(rows) < MESSAGES_AT_ONCE:
            break
    if forgotten:
        RetentionState.objects.get_or_create(name="words")
        logger.info("old messages blanked count=%d", forgotten)
    return forgotten


def _state_of_messages() -> RetentionState:
    """Where to go on; from the beginning where history was imported since, and once a day."""
    newest = HistoryImport.objects.aggregate(newest=Max("pk"))["newest"] or 0
    state, _created = RetentionState.objects.get_or_create(name="messages")
    running = HistoryImport.objects.filter(state=HistoryImport.State.RUNNING).exists()
    if state.newest_import != newest or running or _is_time_for_all("messages"):
        state.place, state.newest_import = None, newest
    return state


def _replies(end: float) -> int:
    if (before := _before(settings.MESSAGES_KEEP_DAYS)) is None:
        return 0
    state, _created = RetentionState.objects.get_or_create(name="replies")
    if _is_time_for_all("replies"):
        state.place = None
    forgotten = 0
    while time.monotonic() < end:
        rows = settled_before(before, since=state.place, limit=BATCH)
        if rows:
            with transaction.atomic():
                forgotten += blank_settled([pk for pk, _at in rows])
        if len(rows) < BATCH:
            # Not to the end of what was looked at: a reply may stay open for long, and is settled later.
            state.place = before - timedelta(days=settings.MESSAGES_KEEP_DAYS)
            break
    state.save()
    return forgotten


def _is_time_for_all(name: str) -> bool:
    """Whether to begin at the beginning; true once a day."""
    now = timezone.now()
    begun, is_new = RetentionState.objects.get_or_create(name=f"all {name}", defaults={"place": now})
    if not is_new and begun.place is not None and now - begun.place < FROM_THE_BEGINNING_EVERY:
        return False
    begun.place = now
    begun.save()
    return True


def _words(end: float) -> int:
    """Words that only those messages had; the row is there while some may be left."""
    state = RetentionState.objects.filter(name="words").first()
    if state is None or (state.place is not None and timezone.now() - state.place < FORGET_WORDS_EVERY):
        return 0
    unused, forgotten = unused_words(), 0
    for start in range(0, len(unused), WORDS_AT_ONCE):
        if time.monotonic() >= end:
            return forgotten
        try:
            with transaction.atomic():
                forgotten += forget_words(unused[start : start + WORDS_AT_ONCE])
        except WordsInUseError:
            return forgotten
    state.place = timezone.now()
    state.save()
    return forgotten


def _admin_log(end: float) -> int:
    if (before := _before(settings.ADMIN_LOG_KEEP_DAYS)) is None:
        return 0
    forgotten = 0
    while time.monotonic() < end:
        old = LogEntry.objects.filter(action_time__lt=before).order_by("pk").values_list("pk", flat=True)
        if not (ids := list(old[:BATCH])):
            break
        forgotten += LogEntry.objects.filter(pk__in=ids).delete()[0]
    return forgotten


def _sessions(_end: float) -> int:
    """What has ended means nothing any more. One statement, by an index."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return 0


def _before(days: int) -> datetime | None:
    return timezone.now() - timedelta(days=days) if days else None
