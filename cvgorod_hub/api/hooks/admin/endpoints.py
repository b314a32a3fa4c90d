"""Webhooks in the admin: made here, their secret shown once, tried out, resumed after a pause."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from cvgorod_hub.api.hooks.delivery import resume, send_test
from cvgorod_hub.api.hooks.events import EVENT_LABELS
from cvgorod_hub.api.hooks.forms import WebhookEndpointForm
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.signing import RotatedMeanwhileError, new_seed, rotate, secret_of
from cvgorod_hub.api.hooks.troubles import Trouble
from cvgorod_hub.common.admin import ListAdmin

# Counting stops here: more is simply many.
MOST_COUNTED = 1000
STATE_COLOURS = {
    "works": "success",
    "failing": "warning",
    "paused": "danger",
    "key": "danger",
    "off": "default",
}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ListAdmin):
    list_empty = _("A webhook tells a program what happens here, as soon as it happens.")
    form = WebhookEndpointForm
    change_form_outer_before_template = "api/webhook_top.html"
    list_display = ("name", "host", "event_names", "key", "state", "waiting", "last_success_at")
    list_select_related = ("key",)
    search_fields = ("name", "url")
    actions = ("resume_selected",)
    fields = ("name", "url", "events", "key", "chat_ids", "is_active")

    @display(description=_("address"), ordering="url")
    def host(self, endpoint: WebhookEndpoint) -> str:
        return urlsplit(endpoint.url).netloc

    @display(description=_("hears of"))
    def event_names(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.events)

    @display(description=_("state"), label=STATE_COLOURS)
    def state(self, endpoint: WebhookEndpoint) -> tuple[str, str]:
        return state_of(endpoint)

    @display(description=_("waits"))
    def waiting(self, endpoint: WebhookEndpoint) -> str:
        waiting = endpoint.deliveries.filter(state=WebhookDelivery.State.PENDING)[: MOST_COUNTED + 1].count()
        return f"{MOST_COUNTED}+" if waiting > MOST_COUNTED else str(waiting or "—")

    @action(description=_("Resume the selected webhooks"), permissions=["change"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        count = resume(list(queryset.values_list("pk", flat=True)))
        text = ngettext("%(count)d webhook resumed.", "%(count)d webhooks resumed.", count)
        messages.success(request, text % {"count": count})

    def get_urls(self) -> list[URLPattern]:
        views = [("test", self.test_view), ("rotate", self.rotate_view), ("resume", self.resume_view)]
        own = [
            path(
                f"<int:pk>/{name}/",
                require_POST(self.admin_site.admin_view(view)),
                name=f"api_webhookendpoint_{name}",
            )
            for name, view in views
        ]
        return [*own, *super().get_urls()]

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: WebhookEndpointForm, change: bool
    ) -> None:
        if change:
            # Only what was changed: the worker writes the other columns at the same time.
            obj.save(update_fields=[name for name in form.changed_data if name in self.fields])
            return
        obj.seed = new_seed()
        obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        """No redirect: the secret goes into this answer and nowhere else."""
        return self._show_secret(request, obj, secret_of(obj.seed))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        obj: WebhookEndpoint | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        # After a new webhook comes its secret, and nothing else.
        context |= {"show_save_and_add_another": False, "show_save_and_continue": obj is not None}
        if obj is not None:
            state, words = state_of(obj)
            context |= {
                "webhook_state": state,
                "webhook_words": words,
                "webhook_reason": Trouble(obj.paused_because).label if obj.paused_because else "",
                "seen_rotation": shown_rotation(obj),
                "may_change": self.has_change_permission(request, obj),
                "deliveries_url": f"{reverse('admin:api_webhookdelivery_changelist')}"
                f"?endpoint__id__exact={obj.pk}",
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def get_deleted_objects(
        self, objs: QuerySet[WebhookEndpoint], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Without a list of all that was ever told to it."""
        names = [str(endpoint) for endpoint in objs]
        return names, {str(self.opts.verbose_name_plural): len(names)}, set(), []

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        endpoint = self._of(request, pk)
        attempt = send_test(endpoint)
        if attempt.is_success:
            text = gettext("The test arrived: answer %(status)s in %(ms)s ms.")
            messages.success(request, text % {"status": attempt.status_code, "ms": attempt.duration_ms})
        else:
            text = gettext("The test did not arrive: %(trouble)s.")
            messages.error(request, text % {"trouble": attempt.get_trouble_display()})
        return HttpResponseRedirect(reverse("admin:api_webhookdelivery_change", args=[attempt.delivery_id]))

    def rotate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        endpoint = self._of(request, pk)
        try:
            if request.POST.get("seen", "") != shown_rotation(endpoint):
                raise RotatedMeanwhileError
            secret = rotate(endpoint)
        except RotatedMeanwhileError:
            messages.error(request, gettext("The webhook got a new secret meanwhile; nothing was done."))
            return self._back(pk)
        self.log_change(request, endpoint, gettext("New signing secret"))
        return self._show_secret(request, endpoint, secret)

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        endpoint = self._of(request, pk)
        if resume([endpoint.pk]):
            self.log_change(request, endpoint, gettext("Resumed"))
            messages.success(request, gettext("What waits here goes out now."))
        return self._back(pk)

    def _of(self, request: HttpRequest, pk: int) -> WebhookEndpoint:
        endpoint = get_object_or_404(WebhookEndpoint.objects.select_related("key"), pk=pk)
        if not self.has_change_permission(request, endpoint):
            raise PermissionDenied
        return endpoint

    def _back(self, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:api_webhookendpoint_change", args=[pk]))

    def _show_secret(self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
        """The only page that ever holds it; no cache may keep it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Signing secret"),
            "endpoint": endpoint,
            "text": secret,
        }
        page = TemplateResponse(request, "api/webhook_secret.html", context)
        add_never_cache_headers(page)
        return page


def shown_rotation(endpoint: WebhookEndpoint) -> str:
    """When the secret was changed last, as a page repeats it: a second click finds another one."""
    return endpoint.rotated_at.isoformat() if endpoint.rotated_at else ""


def state_of(endpoint: WebhookEndpoint) -> tuple[str, str]:
    """A code and the words for it."""
    if not endpoint.is_active:
        return "off", gettext("not in use")
    if not endpoint.key_is_usable:
        return "key", gettext("its API key is no longer usable")
    if endpoint.paused_at is not None:
        return "paused", gettext("paused")
    return ("failing", gettext("does not answer")) if endpoint.failing_since else ("works", gettext("works"))


def event_label(event: str) -> str:
    return str(EVENT_LABELS.get(event, event))
