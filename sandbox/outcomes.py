"""What people made of the agent's drafts: taken as they were, edited, rejected. Their own stand apart."""

from datetime import datetime

from django.db.models import F, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.common.together import Question
from sandbox.models import PendingResponse

Status = PendingResponse.Status


class Outcome(TextChoices):
    UNEDITED = "unedited", _("approved unedited")
    EDITED = "edited", _("approved after an edit")
    REJECTED = "rejected", _("rejected")
    WAITING = "waiting", _("waiting for a decision")
    DROPPED = "dropped", _("expired or taken back")
    OWN = "own", _("written by a person of the staff")


# What a person decided; shares are of these.
DECIDED = (Outcome.UNEDITED, Outcome.EDITED, Outcome.REJECTED)
APPROVED = (Status.APPROVED, Status.SENDING, Status.SENT, Status.FAILED, Status.UNKNOWN)

_BY_AGENT = Q(requested_by_user=None)
_AS_PROPOSED = Q(response_text=F("original_text"))
# As the statement below has it.
CONDITIONS: dict[str, Q] = {
    Outcome.UNEDITED: _BY_AGENT & Q(status__in=APPROVED) & _AS_PROPOSED,
    Outcome.EDITED: _BY_AGENT & Q(status__in=APPROVED) & ~_AS_PROPOSED,
    Outcome.REJECTED: _BY_AGENT & Q(status=Status.REJECTED),
    Outcome.WAITING: _BY_AGENT & Q(status=Status.PENDING),
    Outcome.DROPPED: _BY_AGENT & Q(status__in=(Status.EXPIRED, Status.CANCELLED)),
    Outcome.OWN: ~_BY_AGENT,
}

# Every state is named, because the index begins with it.
_COUNTS = """
SELECT CASE WHEN requested_by_user_id IS NOT NULL THEN 'own'
            WHEN status = ANY (%(approved)s::text[])
            THEN CASE WHEN response_text = original_text THEN 'unedited' ELSE 'edited' END
            WHEN status = 'rejected' THEN 'rejected'
            WHEN status = 'pending' THEN 'waiting'
            ELSE 'dropped' END AS outcome, count(*) AS drafts
  FROM pending_responses
 WHERE status = ANY (%(all)s::text[])
   AND created_at >= %(since)s::timestamptz AND created_at < %(until)s::timestamptz
 GROUP BY 1
"""


def ask_outcomes(since: datetime, until: datetime) -> Question:
    """`{"outcome", "drafts"}` of what was proposed from one moment until before another."""
    parameters = {"approved": list(APPROVED), "all": Status.values, "since": since, "until": until}
    return Question(_COUNTS, parameters)
