"""What the meanings of a person's messages repeat of their words; how many meant what stays."""

from collections import Counter
from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import F, Func, Value

from clients.erasing import SHORTEST_NAME
from intents.models import AnalysisCorrection, MessageAnalysis, Reclassification

# The log's trigger lets nothing through but this, and only where it is said for (migration 0010).
_ALLOW = "SELECT set_config('hub.erasing', 'on', true)"
_FORBID = "SELECT set_config('hub.erasing', '', true)"


def blank_meanings(message_ids: Sequence[int]) -> Counter[str]:
    """Take out of these messages' meanings what was read in them; labels stay, and every count with them.

    A model that is being asked of one at this moment answers in vain. Call it inside a transaction.
    """
    analyses = MessageAnalysis.objects.filter(message__in=message_ids).update(
        entities=[], model_error="", model_due_at=None, model_alone=False
    )
    with connection.cursor() as cursor:
        cursor.execute(_ALLOW)
        corrections = AnalysisCorrection.objects.filter(message__in=message_ids).update(
            text="", entities=[], entities_before=[]
        )
        cursor.execute(_FORBID)
    return Counter(analyses=analyses, corrections=corrections)


def forget_names(names: Collection[str]) -> None:
    """What a run was started for may name the person."""
    # The longest first: a shorter one may be part of it.
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= SHORTEST_NAME:
            replaced = Func(F("chosen"), Value(name), Value("…"), function="replace")
            Reclassification.objects.filter(chosen__contains=name).update(chosen=replaced)
