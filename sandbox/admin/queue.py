"""The queue of replies in the admin."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cvgorod_hub.common.admin import ReadOnlyAdmin, excerpt
from sandbox.admin.review_page import ReviewPage
from sandbox.models import PendingResponse

Status = PendingResponse.Status


class StateFilter(admin.SimpleListFilter):
    """Which replies to show: what waits for a person, unless asked otherwise."""

    title = _("state")
    parameter_name = "state"
    everything = "all"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
        return [*Status.choices, (self.everything, _("All"))]

    def value(self) -> str:
        chosen = super().value()
        return chosen if chosen in {*Status.values, self.everything} else Status.PENDING

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for lookup, title in self.lookup_choices:
            yield {
                "selected": self.value() == str(lookup),
                "query_string": changelist.get_query_string({self.parameter_name: lookup}),
                "display": title,
            }

    def queryset(
        self, _request: HttpRequest, queryset: QuerySet[PendingResponse]
    ) -> QuerySet[PendingResponse]:
        return queryset if self.value() == self.everything else queryset.filter(status=self.value())


@admin.register(PendingResponse)
class PendingResponseAdmin(ReviewPage, ReadOnlyAdmin):
    list_display = ("client", "reply", "state", "waited", "stale", "requested_by")
    list_filter = (StateFilter,)
    list_select_related = ("chat",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("client_name", "response_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PendingResponse]:
        return super().get_queryset(request).with_staleness()

    @display(description=_("client"), ordering="client_name")
    def client(self, response: PendingResponse) -> str:
        return response.client_name or str(response.chat)

    @display(description=_("reply"))
    def reply(self, response: PendingResponse) -> str:
        return excerpt(response.response_text)

    @display(
        description=_("state"),
        label={
            Status.PENDING: "warning",
            Status.SENT: "success",
            Status.APPROVED: "info",
            Status.SENDING: "info",
            Status.FAILED: "danger",
            Status.UNKNOWN: "danger",
        },
    )
    def state(self, response: PendingResponse) -> tuple[str, str]:
        return response.status, response.get_status_display()

    @display(description=_("proposed"), ordering="created_at")
    def waited(self, response: PendingResponse) -> str:
        ago = timesince(response.created_at, timezone.now(), depth=1)
        return str(_("%(time)s ago") % {"time": ago})

    @display(description=_("conversation"), label={"went on": "warning"})
    def stale(self, response: PendingResponse) -> tuple[str, Any] | None:
        """A draft that may no longer fit, among those that still wait."""
        if response.status == Status.PENDING and response.is_stale:
            return "went on", _("went on")
        return None
