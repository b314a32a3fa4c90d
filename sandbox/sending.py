"""How sending as a whole fares: pauses that Telegram asks of everybody, and a token that it refuses."""

import logging
from datetime import timedelta

from django.db.models import Case, F, PositiveSmallIntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from sandbox.models import SendingState

logger = logging.getLogger(__name__)

Trouble = SendingState.Trouble
# One "too many requests" is about its chat; so many within so long a time are about us.
STRIKES = 3
STRIKES_WITHIN = timedelta(seconds=60)
# With a refused token one reply in this time tries whether it is better now.
TOKEN_PAUSE = timedelta(seconds=60)


def sending_troubles() -> QuerySet[SendingState]:
    """The one row that says what keeps replies from going out now; nothing while all is well."""
    return SendingState.objects.exclude(trouble=Trouble.NONE).filter(pk=1)


def is_sending_paused() -> bool:
    return SendingState.objects.filter(pk=1, paused_until__gt=timezone.now()).exists()


def note_rate_limit(*, seconds: float) -> None:
    """Telegram refused a send for so long; repeated refusals pause everything."""
    now = timezone.now()
    SendingState.get_solo()
    is_repeated = Q(struck_at__gte=now - STRIKES_WITHIN)
    SendingState.objects.filter(pk=1).update(
        strikes=Case(
            When(is_repeated, then=F("strikes") + 1),
            default=Value(1),
            output_field=PositiveSmallIntegerField(),
        ),
        struck_at=now,
    )
    paused = SendingState.objects.filter(pk=1, strikes__gte=STRIKES).update(
        trouble=Trouble.RATE_LIMITED,
        trouble_since=Coalesce("trouble_since", Value(now)),
        paused_until=Greatest("paused_until", Value(now + timedelta(seconds=seconds))),
        strikes=0,
    )
    if paused:
        logger.error("sending paused, Telegram repeats 429 seconds=%.0f", seconds)


def note_refused_token() -> None:
    """Nothing can be sent at all; said loudly, because only a person can mend it."""
    now = timezone.now()
    SendingState.get_solo()
    SendingState.objects.filter(pk=1).update(
        trouble=Trouble.TOKEN_REFUSED,
        trouble_since=Coalesce("trouble_since", Value(now)),
        paused_until=now + TOKEN_PAUSE,
    )
    logger.error("sending stopped, Telegram refuses the bot token: check TELEGRAM_BOT_TOKEN")


def note_success() -> None:
    """A reply went out: what troubled sending is over, unless the pause began while it was on its way."""
    recovered = (
        SendingState.objects.filter(pk=1, paused_until__lte=timezone.now())
        .exclude(trouble=Trouble.NONE)
        .update(trouble=Trouble.NONE, trouble_since=None, paused_until=None, strikes=0)
    )
    if recovered:
        logger.warning("sending works again")
