"""What was told to webhooks, in the admin: each attempt, and sending again."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from cvgorod_hub.api.hooks.admin.endpoints import event_label, state_of
from cvgorod_hub.api.hooks.delivery import send_again
from cvgorod_hub.api.hooks.events import EVENT_LABELS, PING
from cvgorod_hub.api.hooks.models import WebhookAttempt, WebhookDelivery
from cvgorod_hub.api.hooks.troubles import Trouble
from cvgorod_hub.common.admin import LargeTableAdmin
from cvgorod_hub.common.lists.csv import Column

State = WebhookDelivery.State
STATE_COLOURS = {State.PENDING: "warning", State.DELIVERED: "success", State.FAILED: "danger"}
# So many are sent again at once.
MOST_AT_ONCE = 1000


class EventFilter(admin.SimpleListFilter):
    """By the events that there are, without asking the table for them."""

    title = _("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(event, str(label)) for event, label in EVENT_LABELS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> QuerySet[WebhookDelivery]:
        return queryset.filter(event=self.value()) if self.value() else queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LargeTableAdmin):
    change_form_outer_before_template = "api/delivery_top.html"
    list_display = (
        "created_at",
        "what",
        "endpoint",
        "shown_state",
        "attempts",
        "last_answer",
        "next_attempt_at",
    )
    list_filter = ("state", EventFilter, "endpoint")
    list_select_related = ("endpoint",)
    list_empty = _("What webhooks are told is kept here with every attempt.")
    export_columns = (
        Column(_("created"), "created_at"),
        Column(_("event"), lambda delivery: f"{delivery.event}: {event_label(delivery.event)}"),
        Column(_("webhook"), "endpoint"),
        Column(_("state"), "get_state_display"),
        Column(_("attempts"), "attempts"),
        Column(_("delivered"), "delivered_at"),
        Column(_("event id"), "event_id"),
    )
    search_fields = ("event_id",)
    search_help_text = _("The event's id (webhook-id)")
    fieldsets = (
        (None, {"fields": ("content",)}),
        (
            None,
            {
                "fields": (
                    "endpoint",
                    "what",
                    "event_id",
                    "state",
                    "attempts",
                    "next_attempt_at",
                    "created_at",
                    "delivered_at",
                )
            },
        ),
    )
    readonly_fields = ("content", "what", "event_id")
    actions = ("send_selected_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        last = WebhookAttempt.objects.filter(delivery=OuterRef("pk")).order_by("-id")
        return (
            super()
            .get_queryset(request)
            .annotate(
                last_status=Subquery(last.values("status_code")[:1]),
                last_trouble=Subquery(last.values("trouble")[:1]),
            )
        )

    @display(description=_("event"))
    def what(self, delivery: WebhookDelivery) -> str:
        return f"{delivery.event}: {event_label(delivery.event)}"

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, delivery: WebhookDelivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @display(description=_("last answer"))
    def last_answer(self, delivery: WebhookDelivery) -> str:
        if delivery.last_status is not None:
            return str(delivery.last_status)
        return str(Trouble(delivery.last_trouble).label) if delivery.last_trouble else "—"

    @display(description=_("payload"))
    def content(self, delivery: WebhookDelivery) -> str:
        pretty = json.dumps(json.loads(delivery.payload), ensure_ascii=False, indent=2)
        return format_html('<pre class="hook-payload" tabindex="0">{}</pre>', pretty)

    @action(description=_("Send again"), permissions=["send_again"])
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        chosen = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            text = gettext("More than %(most)d deliveries were chosen; nothing was done.")
            messages.error(request, text % {"most": MOST_AT_ONCE})
            return
        self._send_again(request, chosen)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_webhookdelivery")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery], search_term: str
    ) -> tuple[QuerySet[WebhookDelivery], bool]:
        """By the whole id, through its index."""
        if not search_term.strip():
            return queryset, False
        try:
            return queryset.filter(event_id=uuid.UUID(search_term.strip())), False
        except ValueError:
            return queryset.none(), False

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.admin_site.admin_view(self.again_view))
        return [path("<int:pk>/again/", view, name="api_webhookdelivery_again"), *super().get_urls()]

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        delivery = get_object_or_404(WebhookDelivery, pk=pk)
        if not self.has_send_again_permission(request):
            raise PermissionDenied
        self._send_again(request, [delivery.pk])
        return HttpResponseRedirect(reverse("admin:api_webhookdelivery_change", args=[pk]))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        obj: WebhookDelivery | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        if obj is not None:
            context |= {
                "tries": obj.tries.order_by("-id"),
                "may_send": self.has_send_again_permission(request) and obj.event != PING,
                "endpoint_state": state_of(obj.endpoint),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def _send_again(self, request: HttpRequest, ids: Sequence[int]) -> None:
        count = send_again(ids)
        for delivery in WebhookDelivery.objects.filter(pk__in=ids).exclude(event=PING):
            self.log_change(request, delivery, gettext("Sent again"))
        if count:
            text = ngettext("%(count)d delivery goes out again.", "%(count)d deliveries go out again.", count)
            messages.success(request, text % {"count": count})
        if tests := len(ids) - count:
            text = ngettext(
                "%(count)d test is not sent again; make a new one.",
                "%(count)d tests are not sent again; make new ones.",
                tests,
            )
            messages.warning(request, text % {"count": tests})
