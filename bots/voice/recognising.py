"""A recording's words: asked for at once or later, paid for once, or said why there are none."""

import logging
import time
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from bots.voice import converting, speechkit
from bots.voice.claims import Claim, again_or, give_up, later, settle, write_held
from bots.voice.containers import Container
from bots.voice.transcribing import take_words
from bots.voice.usage import billed_seconds, note_use
from cvgorod_hub.common.database import is_passing
from cvgorod_hub.common.external import ExternalServiceError
from messaging.models import Recording
from messaging.recordings import file_path

logger = logging.getLogger(__name__)

Api, Problem, State = Recording.Api, Recording.Problem, Recording.State
# An operation may take "from several minutes to 24 hours"; its result is kept for three days (SpeechKit).
LONGEST_OPERATION = timedelta(hours=24)
RESULT_KEPT = timedelta(days=3)
# Seconds between the tries to write down an operation's id.
DATABASE_PAUSES = (1, 2, 5, 10, 20, None)
FIRST_ASKED, LATER_ASKED = timedelta(seconds=5), timedelta(seconds=60)


def recognise_short(claim: Claim) -> bool:
    """The words at once. Whether SpeechKit answered; raises ExternalServiceError where it did not."""
    content = _content(claim)
    if content is None or _is_known(claim):
        return False
    try:
        words = speechkit.recognise_short(content, request_id=str(claim.recording.request_id))
    except speechkit.RefusedError as error:
        # Refused is not paid; the long API takes more, and its word is final.
        later(claim, str(error), pause=timedelta(), api=Api.LONG, attempts=0)
    except speechkit.AnswerError as error:
        again_or(claim, Problem.ANSWERS, str(error))
    else:
        with transaction.atomic():
            _pay(claim.recording)
        take_words(claim, words)
    return True


def submit(claim: Claim) -> bool:
    """Hand it over, to be asked for later; answers as recognise_short does."""
    content = _content(claim)
    if content is None or _is_known(claim):
        return False
    readable = _as_speechkit_reads(claim, content)
    if readable is None:
        return False
    try:
        operation_id = speechkit.submit(*readable, request_id=str(claim.recording.request_id))
    except speechkit.RefusedError as error:
        give_up(claim, Problem.REFUSED, str(error))
    except speechkit.AnswerError as error:
        again_or(claim, Problem.ANSWERS, str(error))
    else:
        _keep_operation(claim, operation_id)
    return True


def _keep_operation(claim: Claim, operation_id: str) -> None:
    """Before anything else: from here on the hub waits for this operation instead of paying again.

    A database that is away for a moment is waited for, since nobody else knows the operation.
    """
    for pause in DATABASE_PAUSES:
        try:
            with transaction.atomic():
                # No lock of the message: its state stays, and nothing is to be waited for.
                is_held = write_held(
                    claim,
                    {
                        "operation_id": operation_id,
                        "submitted_at": Now(),
                        "due_at": Now() + FIRST_ASKED,
                        "attempts": 0,
                        "faults": 0,
                        "error": "",
                    },
                )
                _pay(claim.recording)
            break
        except DatabaseError as error:
            if not is_passing(error) or pause is None:
                logger.exception("operation is lost operation=%s", operation_id)
                raise
            connection.close()
            time.sleep(pause)
    if not is_held:
        logger.warning("operation is nobody's operation=%s recording=%s", operation_id, claim.recording.pk)


def poll(claim: Claim) -> bool:
    """The words of what was handed over, if they are there; answers as recognise_short does."""
    recording = claim.recording
    age = claim.now - (recording.submitted_at or recording.queued_at)
    if age > RESULT_KEPT:
        give_up(claim, Problem.EXPIRED)
        return False
    try:
        if not speechkit.is_finished(recording.operation_id):
            _ask_later(claim, age)
            return True
        words = speechkit.fetch_words(recording.operation_id)
    except speechkit.GoneError as error:
        # One that has only begun may not be known everywhere yet.
        again_or(claim, Problem.EXPIRED, str(error))
    except speechkit.RefusedError as error:
        give_up(claim, Problem.REFUSED, str(error))
    except speechkit.OperationError as error:
        # What SpeechKit broke off by itself is not billed, and may be asked for again.
        again_or(claim, Problem.ANSWERS, str(error), operation_id="", submitted_at=None)
    except speechkit.AnswerError as error:
        again_or(claim, Problem.ANSWERS, str(error))
    else:
        take_words(claim, words)
    return True


def _ask_later(claim: Claim, age: timedelta) -> None:
    if age > LONGEST_OPERATION:
        give_up(claim, Problem.UNFINISHED)
        return
    pause = min(max(FIRST_ASKED, age / 4), LATER_ASKED)
    settle(claim, due_at=Now() + pause, attempts=0, faults=0, error="")


def _content(claim: Claim) -> bytes | None:
    """The stored file; None where it is gone, which is then said."""
    try:
        return file_path(claim.recording).read_bytes()
    except FileNotFoundError:
        give_up(claim, Problem.LOST, file="")
        return None
    except OSError as error:
        raise ExternalServiceError(f"The file cannot be read: {error.strerror}") from None


def _is_known(claim: Claim) -> bool:
    """Whether the same file, forwarded say, was recognised before: its words are taken over."""
    unique_id = claim.recording.file_unique_id
    twin = (
        Recording.objects.filter(file_unique_id=unique_id, state__in=[State.DONE, State.EMPTY])
        .exclude(pk=claim.recording.pk)
        .select_related("message")
        .order_by("-finished_at")
        .first()
    )
    if not unique_id or twin is None:
        return False
    take_words(
        claim,
        twin.message.transcript,
        written_by=Recording.WrittenBy(twin.written_by or Recording.WrittenBy.SPEECH),
    )
    return True


def _as_speechkit_reads(claim: Claim, content: bytes) -> tuple[bytes, Container] | None:
    """The content in a format that v3 takes; None where it cannot be had, which is then said."""
    recording = claim.recording
    container = Container(recording.container)
    if container in speechkit.V3_TYPES:
        return content, container
    try:
        return converting.to_opus(file_path(recording)), Container.OGG_OPUS
    except converting.NoConverterError:
        give_up(claim, Problem.NO_FFMPEG)
    except converting.ConversionError as error:
        give_up(claim, Problem.CONVERSION, str(error))
    return None


def _pay(recording: Recording) -> None:
    """Counted when SpeechKit took it, whoever holds the recording by now."""
    seconds = billed_seconds(Api(recording.api), recording.seconds)
    note_use(Api(recording.api), seconds)
    Recording.objects.filter(pk=recording.pk).update(billed_seconds=F("billed_seconds") + seconds)
