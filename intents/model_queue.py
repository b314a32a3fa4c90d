"""The model's turn on what the patterns were unsure of: claimed, asked outside any transaction, written once.

An analysis is due while `model_due_at` is set and past. Claiming moves it into the future by LEASE: other
workers pass it by, a crash gives it back, and only whoever still holds that very moment may write the
answer (an edit of the message or a person's word changes it).
"""

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from clients.models import RoleName
from cvgorod_hub.common.external import ExternalServiceError
from intents import deepseek
from intents.classification import words_of
from intents.models import MessageAnalysis
from intents.prompt import PROMPT_VERSION, Answered, Asked

logger = logging.getLogger(__name__)

BATCH = 20
LEASE = timedelta(minutes=10)
# Seconds that one worker goes on with what it claimed; well below LEASE.
RUN = 300
MOST_ATTEMPTS = 10
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=30)
# While the account is refused or the service is down, one batch per pause finds out whether it is back.
ACCOUNT_PAUSE, SERVICE_PAUSE = 900, 30
PAUSED = "intents:model-paused"


@dataclass(slots=True)
class _Claim:
    """What one worker holds: analyses by their number in the request, and the moment that proves it."""

    analyses: dict[int, MessageAnalysis]
    until: datetime

    def asked(self, numbers: Sequence[int]) -> list[Asked]:
        return [
            Asked(number, _role(self.analyses[number]), words_of(self.analyses[number].message))
            for number in numbers
        ]


def classify_due_batch() -> bool:
    """Ask the model about one batch; whether there may be more to do now."""
    if not settings.DEEPSEEK_API_KEY or cache.get(PAUSED):
        return False
    claim = _claim()
    if not claim.analyses:
        return False
    started = time.monotonic()
    try:
        left = _ask(claim, list(claim.analyses))
        for number in left if len(claim.analyses) > 1 else []:
            if time.monotonic() - started > RUN:
                break
            _ask(claim, [number])
    except deepseek.AccountError as error:
        _put_back(claim, error)
        return False
    except ExternalServiceError as error:
        pause = max(SERVICE_PAUSE, int(error.retry_after or 0))
        cache.set(PAUSED, str(error), pause)
        _postpone(claim, claim.analyses, error)
        return False
    return True


def _claim() -> _Claim:
    now = timezone.now()
    until = now + LEASE
    with transaction.atomic():
        due = (
            MessageAnalysis.objects.filter(model_due_at__lte=now)
            .exclude(source=MessageAnalysis.Source.PERSON)
            .order_by("-message_id")
            .select_for_update(skip_locked=True)
        )
        keys = list(due.values_list("pk", flat=True)[:BATCH])
        MessageAnalysis.objects.filter(pk__in=keys).update(
            model_due_at=until, model_attempts=F("model_attempts") + 1
        )
    claimed = MessageAnalysis.objects.filter(pk__in=keys).select_related("message__user__role")
    return _Claim(dict(enumerate(claimed.order_by("message_id"), start=1)), until)


def _role(analysis: MessageAnalysis) -> str:
    user = analysis.message.user
    return user.role.role_name if user else RoleName.CLIENT


def _ask(claim: _Claim, numbers: list[int]) -> list[int]:
    """Ask about these, write what came; the numbers that got no usable row, to be asked alone.

    Asked alone and still without one, a message waits or is given up. Raises what concerns all of them.
    """
    is_alone = len(numbers) == 1
    try:
        reply = deepseek.ask(claim.asked(numbers))
    except deepseek.AccountError:
        raise
    except ExternalServiceError as error:
        if not (error.permanent or isinstance(error, deepseek.AnswerError)):
            raise
        if is_alone:
            _postpone(claim, numbers, error)
        return numbers
    for number, answered in reply.rows.items():
        _write(claim.analyses[number], claim.until, answered, reply, share=len(numbers))
    left = [number for number in numbers if number not in reply.rows]
    if is_alone and left:
        _postpone(claim, left, deepseek.AnswerError("DeepSeek's answer has no usable row"))
    return left


def _write(
    analysis: MessageAnalysis, until: datetime, answered: Answered, reply: deepseek.Reply, *, share: int
) -> None:
    _held(analysis, until).update(
        intent=answered.intent,
        sentiment=answered.sentiment,
        is_urgent=answered.is_urgent,
        confidence=answered.confidence,
        source=MessageAnalysis.Source.MODEL,
        model_used=reply.model or settings.DEEPSEEK_MODEL,
        prompt_version=PROMPT_VERSION,
        tokens_used=reply.tokens // share,
        processing_time_ms=reply.milliseconds,
        model_due_at=None,
        model_error="",
        updated_at=timezone.now(),
    )


def _held(analysis: MessageAnalysis, until: datetime) -> "QuerySet[MessageAnalysis]":
    """The row, as long as nobody else has decided or claimed since."""
    return MessageAnalysis.objects.filter(pk=analysis.pk, model_due_at=until).exclude(
        source=MessageAnalysis.Source.PERSON
    )


def _postpone(claim: _Claim, numbers: Collection[int], error: ExternalServiceError) -> None:
    """Another try later; after the last one, or where it cannot help, the patterns' verdict stays."""
    is_final = error.permanent
    for number in numbers:
        analysis = claim.analyses[number]
        gives_up = is_final or analysis.model_attempts >= MOST_ATTEMPTS
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (analysis.model_attempts - 1))
        due = None if gives_up else timezone.now() + pause
        _held(analysis, claim.until).update(model_due_at=due, model_error=str(error))
    logger.warning("model postponed messages=%d final=%s error=%s", len(numbers), is_final, error)


def _put_back(claim: _Claim, error: deepseek.AccountError) -> None:
    """The account's trouble is no message's: no attempt is counted, and the queue rests."""
    cache.set(PAUSED, str(error), ACCOUNT_PAUSE)
    for analysis in claim.analyses.values():
        _held(analysis, claim.until).update(
            model_due_at=timezone.now() + timedelta(seconds=ACCOUNT_PAUSE),
            model_attempts=F("model_attempts") - 1,
            model_error=str(error),
        )
    logger.error("model stopped error=%s", error)
