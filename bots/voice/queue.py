"""A recording's way: waiting, downloading, recognising, done (or empty, failed, too big, off).

Each step claims one recording (bots/voice/claims.py), does its work outside any transaction, and settles.
What concerns the neighbour closes its gate (bots/voice/gates.py) and costs the recording nothing but time.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from bots.client import TokenRefusedError
from bots.voice import converting, downloading, gates, speechkit
from bots.voice.claims import (
    Claim,
    Step,
    claim_next,
    give_up,
    is_first_of_its_file,
    later,
    pause_after,
    settle,
    write_held,
)
from bots.voice.containers import Container, Sound
from bots.voice.nudging import recognise_soon
from bots.voice.transcribing import take_words
from bots.voice.usage import billed_seconds, note_use
from cvgorod_hub.common.database import is_passing
from cvgorod_hub.common.external import ExternalServiceError
from messaging.models import Recording
from messaging.recordings import file_path

logger = logging.getLogger(__name__)

Api, Name, Problem, State = Recording.Api, gates.Name, Recording.Problem, Recording.State
# A recording's own trouble is tried so often, a neighbour's for so long.
MOST_FAULTS = 5
MOST_AGE = timedelta(days=3)
# An operation may take "from several minutes to 24 hours"; its result is kept for three days (SpeechKit).
LONGEST_OPERATION = timedelta(hours=24)
RESULT_KEPT = timedelta(days=3)
# Seconds between the tries to write down an operation's id.
DATABASE_PAUSES = (1, 2, 5, 10, 20, None)
FIRST_ASKED, LATER_ASKED = timedelta(seconds=5), timedelta(seconds=60)

_RECOGNISING = Q(state=State.RECOGNISING)
_UNSENT = _RECOGNISING & Q(operation_id="")


def _fetch_step() -> Step:
    """Files of our own bot: another's token fetches what another bot was given."""
    own = settings.TELEGRAM_BOT_TOKEN.partition(":")[0]
    bot = Q(bot_id=int(own) if own.isdecimal() else -1)
    waiting = Q(state__in=[State.WAITING, State.DOWNLOADING])
    return Step(Name.FETCH, waiting & bot, State.DOWNLOADING, timedelta(minutes=3))


def _short_step() -> Step:
    return Step(
        Name.SHORT,
        _UNSENT & Q(api=Api.SHORT) & is_first_of_its_file(),
        State.RECOGNISING,
        timedelta(minutes=2),
    )


def _long_step() -> Step:
    # The lease has room for a conversion and an upload.
    return Step(
        Name.LONG,
        _UNSENT & Q(api=Api.LONG) & is_first_of_its_file(),
        State.RECOGNISING,
        timedelta(minutes=6),
    )


def _poll_step() -> Step:
    return Step(Name.POLL, _RECOGNISING & Q(operation_id__gt=""), State.RECOGNISING, timedelta(minutes=2))


def fetch_one() -> bool:
    """Download the newest recording that waits; whether there was one."""
    return bool(settings.TELEGRAM_BOT_TOKEN) and _take(_fetch_step(), _fetch)


def recognise_short_one() -> bool:
    return settings.YANDEX_STT_ENABLED and _take(_short_step(), _recognise_short)


def submit_one() -> bool:
    return settings.YANDEX_STT_ENABLED and _take(_long_step(), _submit)


def poll_one() -> bool:
    """Ask for one result; what was paid for is fetched also where recognition was switched off since."""
    return bool(settings.YANDEX_CLOUD_API_KEY) and _take(_poll_step(), _poll)


def _take(step: Step, work: Callable[[Claim], bool]) -> bool:
    """One claim and its work, as far as the neighbour lets us; `work` says whether the neighbour answered."""
    claim = claim_next(step, may_pass=lambda: gates.may_pass(step.gate))
    if claim is None:
        return False
    try:
        if work(claim):
            gates.note_success(step.gate)
    except ExternalServiceError as error:
        _neighbour_failed(step, claim, error)
        return False
    return True


def _neighbour_failed(step: Step, claim: Claim, error: ExternalServiceError) -> None:
    """The recording waits; after three days it is a person's to decide."""
    is_refused = isinstance(error, speechkit.AccountError)
    gates.note_failure(step.gate, str(error), retry_after=error.retry_after, is_refused=is_refused)
    if claim.age > MOST_AGE and not isinstance(error, speechkit.AccountError | TokenRefusedError):
        give_up(claim, Problem.NOT_FETCHED if step.gate == Name.FETCH else Problem.UNREACHABLE, str(error))
        return
    state = State.WAITING if step.gate == Name.FETCH else State.RECOGNISING
    is_its_own = type(error) is ExternalServiceError
    pause = pause_after(claim.recording.attempts) if is_its_own else timedelta()
    later(claim, str(error), pause=pause, state=state)


# --- the file ---------------------------------------------------------------------------------
def _fetch(claim: Claim) -> bool:
    try:
        name, size, sound = downloading.download(claim.recording)
    except downloading.FileTooBigError as error:
        give_up(claim, Problem.TOO_BIG, str(error))
    except downloading.FileGoneError as error:
        give_up(claim, Problem.NOT_THERE, str(error))
    except downloading.PartialFileError as error:
        _again_or(claim, Problem.DAMAGED, str(error), state=State.WAITING)
    else:
        _downloaded(claim, name, size, sound)
    return True


def _downloaded(claim: Claim, name: str, size: int, sound: Sound) -> None:
    seconds = sound.seconds or claim.recording.seconds
    is_on = settings.YANDEX_STT_ENABLED
    is_held = settle(
        claim,
        state=State.RECOGNISING if is_on else State.OFF,
        due_at=Now() if is_on else None,
        file=name,
        size=size,
        container=sound.container,
        seconds=seconds,
        api=_api_for(sound, seconds, size),
        attempts=0,
        faults=0,
        error="",
        downloaded_at=Now(),
        file_deleted_at=None,
    )
    if is_held and is_on:
        recognise_soon()


def _api_for(sound: Sound, seconds: float, size: int) -> Recording.Api:
    is_short = (
        sound.container == Container.OGG_OPUS
        and sound.channels in (0, 1)
        and 0 < seconds <= speechkit.SHORT_MOST_SECONDS
        and size <= speechkit.SHORT_MOST_BYTES
    )
    return Api.SHORT if is_short else Api.LONG


# --- the words --------------------------------------------------------------------------------
def _recognise_short(claim: Claim) -> bool:
    content = _content(claim)
    if content is None or _is_known(claim):
        return False
    try:
        words = speechkit.recognise_short(content, request_id=str(claim.recording.request_id))
    except speechkit.RefusedError as error:
        give_up(claim, Problem.REFUSED, str(error))
    except speechkit.AnswerError as error:
        _again_or(claim, Problem.ANSWERS, str(error))
    else:
        with transaction.atomic():
            _pay(claim.recording)
        take_words(claim, words)
    return True


def _submit(claim: Claim) -> bool:
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
        _again_or(claim, Problem.ANSWERS, str(error))
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


def _poll(claim: Claim) -> bool:
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
        give_up(claim, Problem.EXPIRED, str(error))
    except speechkit.RefusedError as error:
        give_up(claim, Problem.REFUSED, str(error))
    except speechkit.OperationError as error:
        # What SpeechKit broke off by itself is not billed, and may be asked for again.
        _again_or(claim, Problem.ANSWERS, str(error), operation_id="", submitted_at=None)
    except speechkit.AnswerError as error:
        _again_or(claim, Problem.ANSWERS, str(error))
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


def _again_or(claim: Claim, problem: Recording.Problem, error: str, **changes: object) -> None:
    """A few more tries of what is this recording's own trouble."""
    faults = claim.recording.faults + 1
    if faults >= MOST_FAULTS:
        give_up(claim, problem, error)
    else:
        later(claim, error, pause=pause_after(faults), faults=faults, **changes)


def _pay(recording: Recording) -> None:
    """Counted when SpeechKit took it, whoever holds the recording by now."""
    seconds = billed_seconds(Api(recording.api), recording.seconds)
    note_use(Api(recording.api), seconds)
    Recording.objects.filter(pk=recording.pk).update(billed_seconds=F("billed_seconds") + seconds)
