"""The model's turn on a message: asked outside any transaction, written once.

Only what concerns a message counts as its attempt. A service that is down, a refused key and a used-up budget
are nobody's fault: what was claimed goes back as it was, and intents.llm.gate says who may try when.
"""

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cvgorod_hub.common.external import ExternalServiceError
from intents.llm import deepseek
from intents.llm.claims import HARMLESS, Claim, claim_batch, held
from intents.llm.gate import (
    Trouble,
    begin_request,
    end_request,
    note_success,
    note_trouble,
    take_turn,
)
from intents.llm.prompt import PROMPT_VERSION, Answered
from intents.llm.records import ModelSettings
from intents.llm.tokens import Tokens
from intents.models import MessageAnalysis

logger = logging.getLogger(__name__)

# Asked alone so often without a usable row, a message keeps the patterns' verdict.
MOST_ATTEMPTS = 4
FIRST_PAUSE, GROWTH = timedelta(seconds=15), 4
_TROUBLES = {401: Trouble.KEY, 402: Trouble.BALANCE}


def classify_due_batch() -> bool:
    """Ask the model about one batch; whether there may be more to do now."""
    claim = claim_batch()
    if claim is None:
        return False
    try:
        return _ask(claim)
    except Exception:
        # An error of ours: one message must not keep the others waiting for ever.
        logger.exception("model request broke off messages=%d", len(claim.analyses))
        with transaction.atomic():
            _count(claim, Tokens())
            _blame(claim, claim.analyses, "an error of the hub, see its log")
        return False


def _ask(claim: Claim) -> bool:
    try:
        reply = deepseek.ask(claim.asked)
    except deepseek.AnswerError as error:
        return _end_useless(claim, error)
    except ExternalServiceError as error:
        if isinstance(error, deepseek.RequestError) and not claim.is_stand_in:
            return _end_refused(claim, error)
        return _end_in_trouble(claim, error)
    _end_answered(claim, reply)
    return True


def give_up_old() -> int:
    """What the model was not asked about in time keeps the patterns' verdict; returns how many these are.

    What it is being asked at this moment gets its answer, which is paid for.
    """
    days, now = ModelSettings.get_solo().patience_days, timezone.now()
    oldest = now - timedelta(days=days)
    return MessageAnalysis.objects.filter(model_due_at__lte=now, updated_at__lt=oldest).update(
        model_due_at=None, model_error=f"not asked within {days} days"
    )


def _end_answered(claim: Claim, reply: deepseek.Reply) -> None:
    """Good rows are kept; what got none is asked again alone, or, asked alone, later."""
    with transaction.atomic():
        _count(claim, reply.used, model=reply.model, messages=len(reply.rows))
        note_success(claim.request)
        if claim.is_stand_in:
            _put_back(claim)
            return
        # In the order in which messages are stored: whoever stores an edit of several locks them so, too.
        for number in claim.analyses:
            if (answered := reply.rows.get(number)) is not None:
                _write(claim, number, answered, reply)
            else:
                _blame(claim, [number], "DeepSeek's answer has no usable row")


def _end_useless(claim: Claim, error: deepseek.AnswerError) -> bool:
    """The service works; which of the messages makes the answer useless is seen when each is asked alone."""
    with transaction.atomic():
        _count(claim, error.tokens, model=error.model)
        note_success(claim.request)
        if claim.is_stand_in:
            _put_back(claim)
        else:
            _blame(claim, claim.analyses, str(error))
    return True


def _end_refused(claim: Claim, error: deepseek.RequestError) -> bool:
    """A batch is asked one by one; one alone is given up, unless DeepSeek refuses whatever it is asked."""
    with transaction.atomic():
        _count(claim, Tokens())
        if len(claim.analyses) > 1:
            note_success(claim.request)
            _put_back(claim, alone=True)
            return True
        # A model's name that DeepSeek does not know is refused in the same way, and is no message's fault.
        harmless = begin_request(HARMLESS) if take_turn() else None
        if harmless is None:
            _put_back(claim)
            return False
    try:
        reply = deepseek.ask(HARMLESS)
    except ExternalServiceError as trouble:
        with transaction.atomic():
            end_request(harmless, model="", tokens=getattr(trouble, "tokens", Tokens()))
            if not isinstance(trouble, deepseek.AnswerError):
                _rest(claim, _kind(trouble), trouble)
                return False
            _give_up(claim, str(error))
        return True
    with transaction.atomic():
        end_request(harmless, model=reply.model, tokens=reply.used, messages=len(reply.rows))
        note_success(harmless)
        _give_up(claim, str(error))
    return True


def _kind(error: ExternalServiceError) -> Trouble:
    if isinstance(error, deepseek.AccountError):
        return _TROUBLES.get(error.status, Trouble.REFUSED)
    return Trouble.REFUSED if isinstance(error, deepseek.RequestError) else Trouble.SERVICE


def _end_in_trouble(claim: Claim, error: ExternalServiceError) -> bool:
    """Back as it was. Only one that breaks the service alone, while it works for others, is to blame."""
    with transaction.atomic():
        _count(claim, Tokens())
        _rest(claim, _kind(error), error)
    return False


def _rest(claim: Claim, trouble: Trouble, error: ExternalServiceError) -> None:
    is_probe = claim.turn.is_probe
    newest = max(analysis.message_id for analysis in claim.analyses.values())
    asked = timedelta(seconds=error.retry_after or 0)
    note_trouble(claim.request, trouble, error, asked=asked, probed=newest if is_probe else None)
    if trouble != Trouble.SERVICE or is_probe or asked:
        _put_back(claim)
    elif claim.is_apart:
        _blame(claim, claim.analyses, str(error))
    else:
        # Perhaps one of them is what breaks it: apart from each other they show which.
        _put_back(claim, alone=True)


def _count(claim: Claim, used: Tokens, *, model: str = "", messages: int = 0) -> None:
    end_request(claim.request, model=model, tokens=used, messages=messages)


def _write(claim: Claim, number: int, answered: Answered, reply: deepseek.Reply) -> None:
    values: dict[str, Any] = {
        "intent": answered.intent,
        "sentiment": answered.sentiment,
        "is_urgent": answered.is_urgent,
        "confidence": answered.confidence,
        "source": MessageAnalysis.Source.MODEL,
        "model_used": reply.model or settings.DEEPSEEK_MODEL,
        "prompt_version": PROMPT_VERSION,
        "tokens_used": reply.tokens // len(claim.analyses),
        "processing_time_ms": reply.milliseconds,
        "model_due_at": None,
        "model_alone": False,
        "model_error": "",
        "updated_at": timezone.now(),
    }
    if answered.entities is not None:
        values |= {"entities": answered.entities, "entities_version": 0}
    held(claim, [number]).update(**values)


def _blame(claim: Claim, numbers: Collection[int], reason: str) -> None:
    """What failed with others is asked alone at once; what failed alone later, in the end not any more."""
    for number in numbers:
        analysis = claim.analyses[number]
        if len(claim.analyses) > 1:
            held(claim, [number]).update(model_due_at=timezone.now(), model_alone=True, model_error=reason)
            continue
        attempts = analysis.model_attempts + 1
        pause = FIRST_PAUSE * GROWTH ** (attempts - 1)
        due = None if attempts >= MOST_ATTEMPTS else timezone.now() + pause
        held(claim, [number]).update(
            model_due_at=due, model_alone=True, model_attempts=attempts, model_error=reason
        )
        logger.warning("model without a row message=%d attempts=%d", analysis.message_id, attempts)


def _give_up(claim: Claim, reason: str) -> None:
    held(claim, claim.analyses).update(
        model_due_at=None, model_attempts=F("model_attempts") + 1, model_error=reason
    )


def _put_back(claim: Claim, *, alone: bool = False) -> None:
    """Due again as before; with `alone`, each in a request of its own."""
    values: dict[str, Any] = {"model_due_at": timezone.now(), **({"model_alone": True} if alone else {})}
    held(claim, claim.analyses).update(**values)
