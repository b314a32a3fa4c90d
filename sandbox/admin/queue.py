"""The queue of replies in the admin: cards in place of a table, the most urgent first."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from cvgorod_hub.common.lists.counts import Counted
from cvgorod_hub.common.lists.csv import Column
from messaging.models import Chat
from messaging.name_search import compiled_for, keys_named, said_in
from sandbox.admin import filters
from sandbox.admin.bulk import BulkDecisions
from sandbox.admin.cards import Card, as_cards, cards_of
from sandbox.admin.numbers import MOST_COUNTED, NumbersEndpoint, banner_context, count_queue, figures
from sandbox.admin.review_page import ReviewPage
from sandbox.models import PendingResponse
from sandbox.querysets import PendingResponseQuerySet

Status = PendingResponse.Status
_STATES = "_hub_queue_states"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts so far and no further: pages beyond are reached by a filter or a search."""

    def __init__(
        self, object_list: PendingResponseQuerySet, per_page: int, *, known: int | None = None
    ) -> None:
        super().__init__(object_list, per_page)
        self._known = known

    @cached_property
    def count(self) -> int:
        if self._known is not None:
            return self._known
        return self.object_list.order_by().values("pk")[: MOST_COUNTED + 1].count()  # type: ignore[attr-defined]


class PastPaginator(BoundedPaginator):
    """Of replies that are over. What a card shows is worked out for those of the page alone.

    A search or a filter is asked once: its keys are the count and the pages.
    """

    @cached_property
    def count(self) -> int:
        return len(self._keys) if self._known is None else self._known

    def page(self, number: int | str) -> Page[PendingResponse]:
        number = self.validate_number(number)
        place = slice((number - 1) * self.per_page, number * self.per_page)
        keys = self.object_list.values("pk")[place] if self._known is not None else self._keys[place]  # type: ignore[attr-defined]
        return Page(as_cards(PendingResponse.objects.filter(pk__in=keys)).order_by("-id"), number, self)

    @cached_property
    def _keys(self) -> list[int]:
        return list(self.object_list.values_list("pk", flat=True)[: MOST_COUNTED + 1])  # type: ignore[attr-defined]


class QueueChangeList(ChangeList):  # type: ignore[misc]  # unfold carries no types
    """Django's list with its filters, search and pages; `cards` is what the template shows."""

    result_list: QuerySet[PendingResponse]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)

    @cached_property
    def cards(self) -> list[Card]:
        return cards_of(self.result_list)

    def get_ordering(self, request: HttpRequest, queryset: PendingResponseQuerySet) -> list[Any]:
        """What waits in the queue's own order; what is over, the latest first."""
        ordered = queryset.by_urgency() if filters.shows_waiting(request) else queryset.order_by("-id")
        return list(ordered.query.order_by)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count  # nothing is counted twice for the page's head
        if not filters.shows_waiting(request):
            self.result_list = self.paginator.page(self.page_num if self.multi_page else 1).object_list

    @property
    def count_in_words(self) -> str:
        return str(Counted(min(self.result_count, MOST_COUNTED), is_least=self.result_count > MOST_COUNTED))

    @property
    def states(self) -> list[dict[str, Any]]:
        counts = self.model_admin.states_of(self.request)
        return [
            {**choice, "count": str(Counted(counts[choice["value"]])) if choice["value"] in counts else ""}
            for spec in self.filter_specs
            if not spec.is_select
            for choice in spec.choices(self)
        ]

    @property
    def selects(self) -> list[dict[str, Any]]:
        """The filters of the bar; one without a choice to offer is left out."""
        offered = [(spec, list(spec.choices(self))) for spec in self.filter_specs if spec.is_select]
        return [
            {"name": spec.parameter_name, "title": spec.title, "options": options, "chosen": spec.value()}
            for spec, options in offered
            if options
        ]

    @property
    def narrowed_by(self) -> int:
        return sum(bool(select["chosen"]) for select in self.selects) + bool(self.query)


@admin.register(PendingResponse)
class PendingResponseAdmin(NumbersEndpoint, BulkDecisions, ReviewPage):
    paginator = BoundedPaginator
    export_columns = (
        Column(gettext_lazy("proposed"), "created_at"),
        Column(gettext_lazy("client"), lambda reply: reply.client_name or reply.chat),
        Column(gettext_lazy("state"), "get_status_display"),
        Column(gettext_lazy("reply"), "response_text"),
        Column(gettext_lazy("the agent's words"), "original_text"),
        Column(gettext_lazy("the agent's reasons"), "context"),
        Column(gettext_lazy("proposed by"), "requested_by"),
        Column(gettext_lazy("approved by"), "approved_by"),
        Column(gettext_lazy("approved"), "approved_at"),
        Column(gettext_lazy("sent"), "sent_at"),
        Column(gettext_lazy("reason"), "rejected_reason"),
        Column(gettext_lazy("last error"), "last_error"),
        Column(gettext_lazy("reply's number"), "pk"),
    )
    change_list_template = "sandbox/queue.html"
    list_display = ("client_name",)  # for Django's checks; the template shows cards
    list_filter = (
        filters.StateFilter,
        filters.ChatFilter,
        filters.AgentFilter,
        filters.IntentFilter,
        filters.AgeFilter,
        filters.OutcomeFilter,
        filters.ProposedFilter,
        filters.BatchFilter,
    )
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("client_name", "chat__name", "response_text")
    search_help_text = gettext_lazy("Client or words of the reply")

    def get_queryset(self, request: HttpRequest) -> PendingResponseQuerySet:
        return as_cards(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[QueueChangeList]:
        return QueueChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: PendingResponseQuerySet, search_term: str
    ) -> tuple[PendingResponseQuerySet, bool]:
        """In the queue word by word; among all there ever were by their index, or by the chat's name."""
        if not search_term.strip():
            return queryset, False
        query = compiled_for(request, search_term, beginnings=True)
        if filters.shows_waiting(request):
            return queryset.filter(said_in(self.search_fields, query)), False
        chats = keys_named(Chat.objects.all(), said_in(("name",), query))
        said = said_in(("client_name", "response_text"), query)
        return queryset.filter(said | Q(chat__in=chats)), False

    def states_of(self, request: HttpRequest) -> Mapping[str, int]:
        """How many replies are in each state; counted once for a page."""
        counts: Mapping[str, int] | None = getattr(request, _STATES, None)
        return {} if counts is None else counts

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: PendingResponseQuerySet,
        per_page: int,
        *args: Any,
        **kwargs: Any,
    ) -> BoundedPaginator:
        """Where nothing is narrowed, the numbers of the states know how many there are."""
        state = request.GET.get(filters.StateFilter.parameter_name, Status.PENDING.value)
        is_whole = set(request.GET) <= {filters.StateFilter.parameter_name, PAGE_VAR}
        states = self.states_of(request)
        whole = {**states, filters.StateFilter.everything: sum(states.values())} if states else {}
        known = whole.get(state) if is_whole else None
        kind = BoundedPaginator if filters.shows_waiting(request) else PastPaginator
        return kind(queryset, per_page, known=None if known is None else min(known, MOST_COUNTED + 1))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and not self.has_review_permission(request):
            raise PermissionDenied
        # Before the list is read: a draft that comes in between is announced, not passed over.
        numbers = count_queue()
        setattr(request, _STATES, numbers.states)
        context = {
            "title": _("Replies to review"),
            "subtitle": None,
            "numbers": figures(numbers),
            "newest": numbers.newest or 0,
            "waiting_shown": filters.shows_waiting(request),
            **banner_context(request, numbers),
            "can_decide": self.has_review_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)
