"""After a restore from a backup: no reply goes out by itself, and none is approved without a second look.

What was decided and sent after the backup was made, the hub does not know any more; clients have it. So
whatever was on its way then becomes `unknown`, which only a person resolves, and what waited asks for
the second yes for good.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from sandbox.actors import HUB
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.transitions import move

Status = PendingResponse.Status
# Stored in English, as the API says it; pages translate it.
MAY_BE_SENT = gettext_noop(
    "Restored from a backup: it may have been sent after the backup was made. Look into the chat."
)
MAY_BE_DECIDED = gettext_noop(
    "Restored from a backup: it may have been decided, and sent, after the backup was made. "
    "Look into the chat before you approve it."
)
# No cluster ever counts so far, so such a draft is stale for good (sandbox.querysets.IsOfAnotherCluster).
_OF_NO_CLUSTER = "9223372036854775806:9223372036854775807:"
# Cards and pages from before the restore may name versions younger than the backup; none of these is given
# again to other words.
VERSIONS_APART = 1000


@dataclass(frozen=True, kw_only=True)
class Held:
    """How many replies became unknown, and how many ask for a second yes."""

    unknown: int
    stale: int


def hold_back_replies() -> Held:
    """To be called once, before anything may be sent."""
    on_their_way = PendingResponse.objects.filter(status__in=[Status.APPROVED, Status.SENDING])
    with transaction.atomic():
        unknown = sum(
            move(
                response,
                ResponseEvent.Kind.RESTORED,
                actor=HUB,
                detail=MAY_BE_SENT,
                changes={"last_error": MAY_BE_SENT, "retry_at": None},
            )
            for response in on_their_way
        )
        stale = PendingResponse.objects.queue().update(
            anchor_snapshot=_OF_NO_CLUSTER,
            version=F("version") + VERSIONS_APART,
            last_error=MAY_BE_DECIDED,
        )
    return Held(unknown=unknown, stale=stale)
