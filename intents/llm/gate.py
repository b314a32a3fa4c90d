"""Whether a worker may ask the model now: its budget, troubles, and what is on its way.

The truth is two rows and a few, in PostgreSQL, so any number of workers share it. While there is a trouble,
one request at a time finds out whether it is over, with growing pauses in between; then all go on.
"""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from intents.llm import deepseek
from intents.llm.budget import add_use, allows_another
from intents.llm.prompt import Asked
from intents.llm.records import ModelRequest, ModelSettings, ModelState
from intents.llm.tokens import Tokens

logger = logging.getLogger(__name__)

Trouble = ModelState.Trouble
# Requests on their way at once, of all workers together: a backlog must not take the threads that replies
# go out by.
MOST_AT_ONCE = 2
# A request that is not over by then has lost its worker: the deadline, and what the database needs.
REQUEST_LIFE = timedelta(seconds=deepseek.DEADLINE + 20)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=5)
# What only a person can mend is tried again so often.
ACCOUNT_PAUSE = timedelta(minutes=15)
# What DeepSeek may ask for by Retry-After.
LONGEST_ASKED = timedelta(hours=1)
# Added at random, so that workers do not come back at once.
JITTER = 0.25


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to send one request; a probe finds out whether a trouble is over.

    `after`: the message where the last probe failed.
    """

    is_probe: bool = False
    after: int | None = None


def take_turn() -> Turn | None:
    """Leave to send a request, or None. Holds the state's row until the caller's transaction ends."""
    rules, state, now = ModelSettings.get_solo(), _locked(), timezone.now()
    if not settings.DEEPSEEK_API_KEY or rules.asks == ModelSettings.Asks.NONE:
        return None
    if state.trouble and state.settings_digest != settings_digest():
        _clear(state)
    _bury_lost_requests(now)
    if state.paused_until and state.paused_until > now:
        return None
    most = 1 if state.trouble else MOST_AT_ONCE
    if ModelRequest.objects.count() >= most or not allows_another(rules):
        return None
    return Turn(is_probe=bool(state.trouble), after=state.probed_message_id)


def begin_request(asked: Sequence[Asked]) -> ModelRequest:
    """Write a request down before it is sent, with the most that it may use."""
    now, most = timezone.now(), deepseek.most_tokens(asked)
    return ModelRequest.objects.create(
        started_at=now,
        ends_at=now + REQUEST_LIFE,
        tokens=most.total,
        cost=ModelSettings.get_solo().cost(hit=most.hit, miss=most.miss, output=most.output),
    )


def end_request(
    request: ModelRequest, *, model: str, tokens: Tokens, messages: int = 0, cost: Decimal | None = None
) -> bool:
    """Count what it used, once; False where it was counted as lost. `messages`: those answered.

    `cost` in dollars, where it is not what the tokens cost.
    """
    # The state before all else, as in take_turn: so workers wait for each other, and never in a circle.
    _locked()
    deleted, _each = ModelRequest.objects.filter(pk=request.pk).delete()
    if deleted:
        name = model or settings.DEEPSEEK_MODEL
        add_use(name, tokens, messages=messages, has_failed=not messages, cost=cost)
    return bool(deleted)


def note_success(request: ModelRequest) -> None:
    """The service answered: troubles that were there when the request began are over."""
    state = _locked()
    if state.trouble and (state.failed_at is None or request.started_at >= state.failed_at):
        logger.warning("model answers again trouble=%s failures=%d", state.trouble, state.failures)
        _clear(state)


def note_trouble(
    request: ModelRequest, trouble: str, error: Exception, *, asked: timedelta, probed: int | None
) -> None:
    """Rest: longer with each failure, at least as long as DeepSeek asked for."""
    state, now = _locked(), timezone.now()
    is_same_outage = state.failed_at is not None and request.started_at < state.failed_at
    if state.trouble != trouble:
        state.trouble_since = now
    if not is_same_outage:
        state.failures += 1
    pause = max(_pause(trouble, state.failures), min(asked, LONGEST_ASKED))
    state.trouble, state.detail, state.failed_at = trouble, str(error), now
    state.settings_digest, state.probed_message_id = settings_digest(), probed
    state.paused_until = max(state.paused_until or now, now + pause)
    state.save()
    say = logger.warning if trouble == Trouble.SERVICE else logger.error
    say("model stopped trouble=%s seconds=%.0f error=%s", trouble, pause.total_seconds(), error)


def current_trouble() -> ModelState | None:
    """What keeps the model from being asked; None while all is well, or where other settings came since."""
    if not settings.DEEPSEEK_API_KEY:
        return None
    state = ModelState.objects.filter(pk=1).exclude(trouble=Trouble.NONE).first()
    return state if state and state.settings_digest == settings_digest() else None


def try_now() -> None:
    """A person mended something: the next request does not wait for the end of the pause."""
    ModelState.objects.filter(pk=1).update(paused_until=None)


def settings_digest() -> str:
    """Which key, address and model are in use, without saying them."""
    parts = (settings.DEEPSEEK_API_KEY, settings.DEEPSEEK_API_URL, settings.DEEPSEEK_MODEL)
    return salted_hmac("intents.llm.gate", "\n".join(parts)).hexdigest()[:32]


def _locked() -> ModelState:
    ModelState.get_solo()
    return ModelState.objects.select_for_update().get()


def _clear(state: ModelState) -> None:
    state.trouble, state.detail, state.settings_digest = Trouble.NONE, "", ""
    state.trouble_since = state.failed_at = state.paused_until = state.probed_message_id = None
    state.failures = 0
    state.save()


def _pause(trouble: str, failures: int) -> timedelta:
    if trouble != Trouble.SERVICE:
        return ACCOUNT_PAUSE
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
    jitter: float = random.uniform(1, 1 + JITTER)  # noqa: S311  (no secret)
    return pause * jitter


def _bury_lost_requests(now: datetime) -> None:
    """Their worker died, and nobody knows what they used: they count as the most that they may have.

    So workers that die again and again cannot pass the budget.
    """
    for lost in ModelRequest.objects.filter(ends_at__lte=now):
        if end_request(lost, model="", tokens=Tokens(miss=lost.tokens), cost=lost.cost):
            logger.warning("model request lost its worker started_at=%s", lost.started_at)
