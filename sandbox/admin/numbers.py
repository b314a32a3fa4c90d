"""The numbers above the queue, and what keeps replies from coming in or going out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cvgorod_hub.common.admin import ReadOnlyAdmin
from cvgorod_hub.common.dates import local_time
from cvgorod_hub.common.together import count_together
from sandbox.admin.cards import WAITS_SINCE, how_long
from sandbox.models import PendingResponse, SandboxSettings, SendingState
from sandbox.sending import sending_troubles

Status = PendingResponse.Status
# Counting stops here: more is simply many.
MOST_COUNTED = 10_000
_TROUBLES, _PAUSES = "troubles", "pauses"


@dataclass(frozen=True, kw_only=True)
class QueueNumbers:
    """`newest` is the highest id that waits; `fresh` counts those after the id that was asked about.

    `states`: how many replies are in each, up to MOST_COUNTED and one more. `trouble` keeps replies from
    going out, `pause` keeps proposals from coming in.
    """

    waiting: int
    urgent: int
    stale: int
    failed: int
    unknown: int
    oldest: datetime | None
    newest: int | None
    fresh: int
    states: Mapping[str, int]
    trouble: SendingState | None
    pause: SandboxSettings | None


def count_queue(*, after: int | None = None) -> QueueNumbers:
    """What waits for a person; in two queries, and one more each where there is trouble or a pause."""
    waiting = PendingResponse.objects.queue().with_question().with_staleness()
    pauses = SandboxSettings.objects.filter(is_paused=True)
    # By the index of the queue. Trouble and pauses are rare, and looked for by the way.
    states = count_together({**_by_state(), _TROUBLES: sending_troubles(), _PAUSES: pauses})
    has_trouble, has_pause = states.pop(_TROUBLES), states.pop(_PAUSES)
    counted = waiting.annotate(waits_since=WAITS_SINCE).aggregate(
        waiting=Count("pk"),
        urgent=Count("pk", filter=Q(is_urgent=True)),
        stale=Count("pk", filter=Q(is_stale=True)),
        oldest=Min("waits_since"),
        newest=Max("pk"),
        fresh=Count("pk", filter=Q(pk__gt=after or 0)),
    )
    return QueueNumbers(
        **{**counted, "fresh": 0 if after is None else counted["fresh"]},
        failed=states[Status.FAILED],
        unknown=states[Status.UNKNOWN],
        states=states,
        trouble=sending_troubles().first() if has_trouble else None,
        pause=pauses.first() if has_pause else None,
    )


def _by_state() -> dict[str, QuerySet[PendingResponse]]:
    return {
        status.value: PendingResponse.objects.filter(status=status).order_by()[: MOST_COUNTED + 1]
        for status in Status
    }


def figures(numbers: QueueNumbers) -> list[dict[str, Any]]:
    """What the page shows, in this order; `state` names the list that a number leads to."""
    oldest = how_long(numbers.oldest) if numbers.oldest else "—"
    return [
        {"name": "waiting", "label": _("Waiting"), "value": numbers.waiting},
        {"name": "urgent", "label": _("Urgent"), "value": numbers.urgent},
        {"name": "stale", "label": _("Conversation went on"), "value": numbers.stale},
        {"name": "oldest", "label": _("Longest wait"), "value": oldest},
        {"name": "failed", "label": _("Not sent"), "value": numbers.failed, "state": Status.FAILED},
        {
            "name": "unknown",
            "label": _("Not known whether sent"),
            "value": numbers.unknown,
            "state": Status.UNKNOWN,
        },
    ]


def banner_context(request: HttpRequest, numbers: QueueNumbers) -> dict[str, Any]:
    """For queue_banners.html: what keeps replies from going out, and proposals from coming in."""
    trouble = numbers.trouble
    return {
        "trouble": trouble.trouble if trouble else "",
        "paused_until": local_time(trouble.paused_until) if trouble and trouble.paused_until else "",
        "pause": numbers.pause,
        "can_change_rules": request.user.has_perm("sandbox.change_sandboxsettings"),
    }


class NumbersEndpoint(ReadOnlyAdmin):
    """`…/pendingresponse/numbers/?after=<id>`: the same numbers as JSON, for the page that stands open."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.numbers_view)
        return [path("numbers/", view, name="sandbox_pendingresponse_numbers"), *super().get_urls()]

    def numbers_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        after = request.GET.get("after", "")
        numbers = count_queue(after=int(after) if after.isdecimal() and len(after) < 19 else None)
        return JsonResponse(
            {
                "numbers": {figure["name"]: figure["value"] for figure in figures(numbers)},
                "trouble": numbers.trouble.trouble if numbers.trouble else "",
                "banners": render_to_string(
                    "sandbox/queue_banners.html", banner_context(request, numbers), request
                ),
                "fresh": numbers.fresh,
                "fresh_text": fresh_text(numbers.fresh),
            }
        )


def fresh_text(count: int) -> str:
    if not count:
        return ""
    return ngettext("%(count)d new draft – show", "%(count)d new drafts – show", count) % {"count": count}
