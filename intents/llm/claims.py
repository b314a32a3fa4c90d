"""What one worker takes on of what is due for the model: the newest messages, held by a lease.

An analysis is due while `model_due_at` is set and past. Claiming moves it into the future by LEASE: other
workers pass it by, a crash gives it back, and only whoever still holds that very moment may write the
answer (an edit of the message or a person's word changes it).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from clients.models import RoleName
from intents.classification import words_of
from intents.llm.context import contexts_of, is_short
from intents.llm.gate import REQUEST_LIFE, Turn, begin_request, take_turn
from intents.llm.prompt import Asked
from intents.llm.records import ModelRequest
from intents.models import MessageAnalysis
from messaging.models import Message

BATCH = 20
# Characters of all messages of a request: what makes a long answer makes one that is late.
MOST_CHARACTERS = 4000
LEASE = REQUEST_LIFE
# Asked in a message's place, to know whether it or DeepSeek is at fault.
HARMLESS = (Asked(1, RoleName.CLIENT, "да"),)


@dataclass(slots=True)
class Claim:
    """What one worker holds: analyses by their number in the request, and the moment that proves it."""

    analyses: dict[int, MessageAnalysis]
    asked: list[Asked]
    until: datetime
    turn: Turn
    request: ModelRequest = field(init=False)
    # HARMLESS was asked in the place of the messages.
    is_stand_in: bool = False

    @property
    def is_apart(self) -> bool:
        """One message, asked alone because a request with others failed."""
        return all(analysis.model_alone for analysis in self.analyses.values())


def claim_batch() -> Claim | None:
    """Leave to send a request, and what to ask in it, written down; None where there is nothing to do."""
    with transaction.atomic():
        turn = take_turn()
        if turn is None:
            return None
        now = timezone.now()
        chosen = _choose(now, turn)
        if not chosen:
            return None
        until = now + LEASE
        MessageAnalysis.objects.filter(pk__in=[one.pk for one in chosen]).update(model_due_at=until)
        # Oldest first, as the conversation went.
        analyses = dict(enumerate(sorted(chosen, key=lambda one: one.message_id), start=1))
        claim = Claim(analyses, _asked(analyses), until, turn)
        if turn.is_probe and chosen[0].message_id == turn.after:
            # There is nothing else to probe with, and this may be what breaks it.
            claim.asked, claim.is_stand_in = list(HARMLESS), True
        claim.request = begin_request(claim.asked)
        return claim


def _choose(now: datetime, turn: Turn) -> list[MessageAnalysis]:
    """The newest that are due and fit into one request; one alone for a probe, or where it must be alone."""
    due = _due(now)
    newest = list(due.filter(message_id__lt=turn.after)[:1]) if turn.after else []
    newest = newest or list(due[: 1 if turn.is_probe else BATCH])
    if not newest or newest[0].model_alone:
        return newest[:1]
    chosen: list[MessageAnalysis] = []
    characters = 0
    for analysis in newest:
        characters += len(words_of(analysis.message))
        if chosen and characters > MOST_CHARACTERS:
            break
        if not analysis.model_alone:
            chosen.append(analysis)
    return chosen


def _due(now: datetime) -> "QuerySet[MessageAnalysis]":
    messages = Message.objects.select_related("user__role").defer("search_vector")
    return (
        MessageAnalysis.objects.filter(model_due_at__lte=now)
        .exclude(source=MessageAnalysis.Source.PERSON)
        # A query of its own, after the rows are held: joined to them, a message could be one that an edit
        # changed in between, and its old words would be asked in the name of the new ones.
        .prefetch_related(Prefetch("message", messages))
        .order_by("-message_id")
        .select_for_update(skip_locked=True)
    )


def _asked(analyses: dict[int, MessageAnalysis]) -> list[Asked]:
    messages = {number: analysis.message for number, analysis in analyses.items()}
    short = [message for message in messages.values() if is_short(words_of(message))]
    contexts = contexts_of(short)
    zone = timezone.get_default_timezone()
    return [
        Asked(
            number,
            message.user.role.role_name if message.user else RoleName.CLIENT,
            words_of(message),
            message.timestamp.astimezone(zone),
            *contexts.get(message.pk, ((), None)),
        )
        for number, message in messages.items()
    ]


def held(claim: Claim, numbers: Collection[int]) -> "QuerySet[MessageAnalysis]":
    """The rows, as long as nobody else has decided or claimed since."""
    keys: Sequence[int] = [claim.analyses[number].pk for number in numbers]
    return MessageAnalysis.objects.filter(pk__in=keys, model_due_at=claim.until).exclude(
        source=MessageAnalysis.Source.PERSON
    )
