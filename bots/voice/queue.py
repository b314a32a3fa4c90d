"""A recording's way: waiting, downloading, recognising, done (or empty, failed, too big, off).

Each step claims one recording (bots/voice/claims.py), does its work outside any transaction, and settles.
What concerns the neighbour closes its gate (bots/voice/gates.py) and costs the recording nothing but time.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from bots.client import TokenRefusedError
from bots.voice import gates, speechkit
from bots.voice.claims import (
    Claim,
    Step,
    again_or,
    claim_next,
    give_up,
    is_first_of_its_file,
    later,
    pause_after,
)
from bots.voice.fetching import fetch
from bots.voice.recognising import poll, recognise_short, submit
from cvgorod_hub.common.database import is_passing
from cvgorod_hub.common.external import ExternalServiceError
from messaging.models import Message, Recording

logger = logging.getLogger(__name__)

Api, Name, Problem, State = Recording.Api, gates.Name, Recording.Problem, Recording.State
# So long a neighbour's trouble is waited for; then a person decides.
MOST_AGE = timedelta(days=3)

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
    return bool(settings.TELEGRAM_BOT_TOKEN) and _take(_fetch_step(), fetch)


def recognise_short_one() -> bool:
    return settings.YANDEX_STT_ENABLED and _take(_short_step(), recognise_short)


def submit_one() -> bool:
    return settings.YANDEX_STT_ENABLED and _take(_long_step(), submit)


def poll_one() -> bool:
    """Ask for one result; what was paid for is fetched also where recognition was switched off since."""
    return bool(settings.YANDEX_CLOUD_API_KEY) and _take(_poll_step(), poll)


def _take(step: Step, work: Callable[[Claim], bool]) -> bool:
    """One claim and its work, as far as the neighbour lets us; `work` says whether the neighbour answered."""
    claim = claim_next(step, may_pass=lambda: gates.may_pass(step.gate))
    if claim is None:
        return False
    try:
        if work(claim):
            gates.note_success(step.gate)
        else:
            gates.hand_back(step.gate)
    except ExternalServiceError as error:
        _neighbour_failed(step, claim, error)
        return False
    except Exception as error:
        if is_passing(error):
            raise
        # One that breaks our own code must neither hold back the others nor be paid for again and again.
        logger.exception("recording failed recording=%s gate=%s", claim.recording.pk, step.gate)
        gates.hand_back(step.gate)
        again_or(claim, Problem.BROKEN, type(error).__name__, state=_state_before(step))
    return True


def _neighbour_failed(step: Step, claim: Claim, error: ExternalServiceError) -> None:
    """The recording waits; after three days it is a person's to decide."""
    is_refused = isinstance(error, speechkit.AccountError)
    gates.note_failure(step.gate, str(error), retry_after=error.retry_after, is_refused=is_refused)
    if claim.age > MOST_AGE and not isinstance(error, speechkit.AccountError | TokenRefusedError):
        give_up(claim, Problem.NOT_FETCHED if step.gate == Name.FETCH else Problem.UNREACHABLE, str(error))
        return
    is_its_own = type(error) is ExternalServiceError
    pause = pause_after(claim.recording.attempts) if is_its_own else timedelta()
    later(claim, str(error), pause=pause, state=_state_before(step))


def _state_before(step: Step) -> Message.TranscriptState:
    """Where a recording stands that waits for this step again."""
    return State.WAITING if step.gate == Name.FETCH else State.RECOGNISING
