"""The place of a reply among those that wait, with the filters of the list that the person came from."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from sandbox.models import PendingResponse


@dataclass(frozen=True)
class Place:
    """`number` counts from 1; None for a reply that is not among those that wait."""

    number: int | None
    count: int
    previous_id: int | None
    next_id: int | None


def queue_ids(request: HttpRequest, get_changelist: Callable[[HttpRequest], ChangeList]) -> list[int]:
    """What waits for a person, in the queue's order: urgent first, then the oldest.

    Only what the list showed, where its filters came along (`_changelist_filters`).
    """
    waiting = PendingResponse.objects.queue().with_question().by_urgency()
    if filters := request.GET.get("_changelist_filters"):
        waiting = waiting.filter(pk__in=_listed(request, filters, get_changelist).values("pk"))
    return list(waiting.values_list("pk", flat=True))


def place_in(ids: Sequence[int], response_id: int) -> Place:
    """The neighbours; for a reply that no longer waits, the first one is next."""
    if response_id not in ids:
        return Place(number=None, count=len(ids), previous_id=None, next_id=ids[0] if ids else None)
    index = ids.index(response_id)
    return Place(
        number=index + 1,
        count=len(ids),
        previous_id=ids[index - 1] if index else None,
        next_id=ids[index + 1] if index + 1 < len(ids) else None,
    )


def next_after(*, before: Sequence[int], now: Sequence[int], decided_id: int) -> int | None:
    """The reply after the place of the decided one, among those that still wait; None at the end.

    What was passed over stays behind; what is new lies ahead.
    """
    passed = set(before[: before.index(decided_id) + 1]) if decided_id in before else {decided_id}
    return next((response_id for response_id in now if response_id not in passed), None)


def _listed(
    request: HttpRequest, filters: str, get_changelist: Callable[[HttpRequest], ChangeList]
) -> QuerySet[PendingResponse]:
    """What the list shows with these filters; everything where it does not know them."""
    asked = QueryDict(filters.replace("\x00", ""), mutable=True)
    asked.pop(PAGE_VAR, None)
    of_list = copy(request)
    of_list.GET = asked  # type: ignore[assignment]  # a QueryDict, as it was
    try:
        return get_changelist(of_list).queryset.order_by()
    except (IncorrectLookupParameters, SuspiciousOperation):
        return PendingResponse.objects.all()
