"""Who works on which recording: claimed, worked on outside any transaction, settled once.

A recording is due while `due_at` is set and past. Claiming moves it into the future by the step's lease:
other workers pass it by, a crash gives it back, and only whoever still holds that very moment may write what
came of it (a retry or a person's words change it).
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from bots.models import VoiceGate
from messaging.models import Message, Recording
from messaging.recordings import lock_message

State = Recording.State
# A recording's own trouble is tried so often, a neighbour's for days (bots/voice/queue.py).
MOST_FAULTS = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)


@dataclass(frozen=True)
class Step:
    """What is claimed together: rows of these conditions come into `state` for `lease`."""

    gate: VoiceGate.Name
    condition: Q
    state: Message.TranscriptState
    lease: timedelta


@dataclass(frozen=True)
class Claim:
    """One recording in one worker's hands, and the moment that proves it."""

    recording: Recording
    until: datetime
    now: datetime

    @property
    def age(self) -> timedelta:
        """Since it was queued."""
        return self.now - self.recording.queued_at


def claim_next(step: Step, *, may_pass: Callable[[], bool] = lambda: True) -> Claim | None:
    """The newest recording that is due for the step; none where there is none, or others hold them all.

    `may_pass` is asked only where there is one, and may refuse.
    """
    with transaction.atomic():
        # Both rows at once and waiting for neither, so that no order of locks can matter.
        row = (
            Recording.objects.filter(step.condition, due_at__lte=Now())
            .annotate(now=Now())
            .select_related("message")
            .defer("message__search_vector")
            .select_for_update(skip_locked=True, no_key=True, of=("self", "message"))
            .order_by("-message_id")
            .first()
        )
        if row is None or not may_pass():
            return None
        now: datetime = row.now
        row.state, row.due_at, row.request_id = step.state, now + step.lease, uuid.uuid4()
        row.attempts += 1
        row.save(update_fields=["state", "due_at", "request_id", "attempts"])
        _mirror(row)
    return Claim(row, row.due_at, now)


def settle(claim: Claim, **changes: Any) -> bool:
    """Write what came of it, unless somebody else has it by now; returns whether it was written."""
    with transaction.atomic():
        lock_message(claim.recording.message_id)
        if not write_held(claim, changes):
            return False
        _mirror(claim.recording)
    return True


def write_held(claim: Claim, changes: Mapping[str, Any]) -> bool:
    """The same within a transaction that holds the message already, and writes its state itself."""
    held = Recording.objects.filter(pk=claim.recording.pk, due_at=claim.until)
    if not held.update(**changes):
        return False
    claim.recording.refresh_from_db(fields=[*changes])
    return True


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts of one recording."""
    return min(FIRST_PAUSE * int(2 ** min(attempts - 1, 10)), LONGEST_PAUSE)


def later(claim: Claim, error: str, *, pause: timedelta | None = None, **changes: Any) -> None:
    """Another try after a pause."""
    pause = pause_after(claim.recording.attempts) if pause is None else pause
    settle(claim, due_at=Now() + pause, error=error[:300], **changes)


def give_up(claim: Claim, problem: Recording.Problem, error: str = "", **changes: Any) -> None:
    """It will not be done without a person."""
    state = State.TOO_BIG if problem == Recording.Problem.TOO_BIG else State.FAILED
    settle(claim, state=state, due_at=None, problem=problem, error=error[:300], finished_at=Now(), **changes)


def again_or(claim: Claim, problem: Recording.Problem, error: str, **changes: object) -> None:
    """A few more tries of what is this recording's own trouble."""
    faults = claim.recording.faults + 1
    if faults >= MOST_FAULTS:
        give_up(claim, problem, error)
    else:
        later(claim, error, pause=pause_after(faults), faults=faults, **changes)


def is_first_of_its_file() -> Q:
    """No other recording of the same file is being recognised; of several that wait, the first goes."""
    twins = Recording.objects.filter(
        ~Q(pk=OuterRef("pk")),
        Q(operation_id__gt="") | Q(due_at__gt=Now(), attempts__gt=0) | Q(pk__lt=OuterRef("pk")),
        file_unique_id=OuterRef("file_unique_id"),
        state=State.RECOGNISING,
    )
    return Q(file_unique_id="") | ~Q(Exists(twins))


def _mirror(recording: Recording) -> None:
    message = Message.objects.filter(pk=recording.message_id).exclude(transcript_state=recording.state)
    message.update(transcript_state=recording.state)
