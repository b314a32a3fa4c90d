"""The queue of replies in the admin: cards in place of a table, the most urgent first."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from messaging.name_search import said_in
from sandbox.admin import filters
from sandbox.admin.bulk import BulkDecisions
from sandbox.admin.cards import Card, as_cards, cards_of
from sandbox.admin.numbers import NumbersEndpoint, banner_context, count_queue, figures
from sandbox.admin.review_page import ReviewPage
from sandbox.models import PendingResponse
from sandbox.querysets import PendingResponseQuerySet
from sandbox.sending import sending_trouble


class QueueChangeList(ChangeList):  # type: ignore[misc]  # unfold carries no types
    """Django's list with its filters, search and pages; `cards` is what the template shows."""

    result_list: QuerySet[PendingResponse]

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

    @property
    def states(self) -> list[dict[str, Any]]:
        return [choice for spec in self.filter_specs if not spec.is_select for choice in spec.choices(self)]

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
        if not search_term.strip():
            return queryset, False
        return queryset.filter(said_in(self.search_fields, search_term)), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and not self.has_review_permission(request):
            raise PermissionDenied
        # Before the list is read: a draft that comes in between is announced, not passed over.
        numbers = count_queue()
        context = {
            "title": _("Replies to review"),
            "subtitle": None,
            "numbers": figures(numbers),
            "newest": numbers.newest or 0,
            "waiting_shown": filters.shows_waiting(request),
            **banner_context(request, sending_trouble()),
            "can_decide": self.has_review_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)
