"""The sandbox in the admin: the queue of replies, and the page where one is decided on."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cvgorod_hub.common.admin import ReadOnlyAdmin, excerpt
from sandbox.models import PendingResponse
from sandbox.review_page import REVIEW_PERMISSION, decide, page_context

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
class PendingResponseAdmin(ReadOnlyAdmin):
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

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = self.get_object(request, object_id)
        if response is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, response):
            raise PermissionDenied
        if request.method == "POST":
            if not request.user.has_perm(REVIEW_PERMISSION):
                raise PermissionDenied
            if decide(response_id=response.pk, request=request):
                return self._to_next(request, response)
            response = self.get_object(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Reply for review"),
            "is_fullwidth": "1",
            **page_context(response, request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "sandbox/review.html", context)

    def _to_next(self, request: HttpRequest, decided: PendingResponse) -> HttpResponse:
        """After an approval or a rejection the next reply that waits; otherwise the same page."""
        if request.POST["action"] in {"approve", "reject"}:
            following = PendingResponse.objects.queue().values_list("pk", flat=True).first()
            if following is None:
                return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_changelist"))
            return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_change", args=[following]))
        return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_change", args=[decided.pk]))
