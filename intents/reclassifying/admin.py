"""Classifying anew in the admin: what a list is filtered to, confirmed, then watched and cancelled."""

from typing import Any, Final

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from cvgorod_hub.common.admin import ReadOnlyAdmin
from cvgorod_hub.common.lists.csv import Column
from cvgorod_hub.common.lists.words import filters_in_words
from cvgorod_hub.common.nudge import nudge
from intents.models import MessageAnalysis, Reclassification
from intents.reclassifying.choosing import key_of, with_words
from intents.reclassifying.running import NoModelError, cancel, start
from messaging.models import Message

# What one press may choose; more is a matter for the command, which asks nobody to wait.
MOST_MESSAGES: Final = 1_000_000
_LISTS = {"messages": Message, "analyses": MessageAnalysis}
# Of the address: what does not choose rows.
_NO_FILTERS = frozenset({"o", "p", "all", "e"})
STATE_COLOURS = {
    Reclassification.State.RUNNING: "info",
    Reclassification.State.DONE: "success",
    Reclassification.State.CANCELLED: "default",
}


@admin.register(Reclassification)
class ReclassificationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "chosen", "by", "progress", "state_label", "actor_name")
    list_filter = ("state", "by")
    list_empty = gettext_lazy(
        "Runs begin in the lists of messages and of analyses: filter one, then “Classify anew”."
    )
    export_columns = (
        Column(gettext_lazy("started"), "created_at"),
        Column(gettext_lazy("what was chosen"), "chosen"),
        Column(gettext_lazy("classified by"), "get_by_display"),
        Column(gettext_lazy("done"), "done"),
        Column(gettext_lazy("messages"), "total"),
        Column(gettext_lazy("state"), "get_state_display"),
        Column(gettext_lazy("started by"), "actor_name"),
    )

    @display(description=gettext_lazy("done"))
    def progress(self, run: Reclassification) -> str:
        return _("%(done)d of %(total)d") % {"done": run.done, "total": run.total}

    @display(description=gettext_lazy("state"), label=STATE_COLOURS, ordering="state")
    def state_label(self, run: Reclassification) -> tuple[str, str]:
        return run.state, run.get_state_display()

    def get_urls(self) -> list[URLPattern]:
        start_view = self.admin_site.admin_view(self.start_view)
        cancel_view = require_POST(self.admin_site.admin_view(self.cancel_view))
        return [
            path("start/<slug:listed>/", start_view, name="intents_reclassification_start"),
            path("<int:run_id>/cancel/", cancel_view, name="intents_reclassification_cancel"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """How far it is; the page looks again by itself while it runs."""
        run = self.get_object(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return self._page(request, "intents/run.html", _("Classifying anew"), run=run)

    def start_view(self, request: HttpRequest, listed: str) -> HttpResponse:
        """GET: how many messages the list is filtered to, and who shall classify them. POST: begin."""
        if not request.user.has_perm("intents.add_reclassification") or request.user.is_anonymous:
            raise PermissionDenied
        chosen, words = self._chosen(request, listed)
        count = chosen[: MOST_MESSAGES + 1].count()
        if request.method != "POST" or count > MOST_MESSAGES or not count:
            return self._page(
                request,
                "intents/reclassify.html",
                _("Classify anew?"),
                count=count,
                most=MOST_MESSAGES,
                is_too_much=count > MOST_MESSAGES,
                chosen=words,
                has_model=bool(settings.DEEPSEEK_API_KEY),
                back=self._list_url(request, listed),
            )
        by = request.POST.get("by", "")
        if by not in Reclassification.By.values:
            raise Http404
        key = key_of(listed, sorted(_filters(request).items()))
        try:
            run, is_new = start(messages=chosen, by=by, chosen=words, key=key, user=request.user)
        except NoModelError:
            messages.error(request, _("There is no key for the model, so it cannot be asked."))
            return HttpResponseRedirect(request.get_full_path())
        if not is_new:
            messages.info(request, _("The same is being classified already; nothing was started twice."))
        self._nudge()
        return HttpResponseRedirect(reverse("admin:intents_reclassification_change", args=[run.pk]))

    def cancel_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        if not request.user.has_perm("intents.add_reclassification") or request.user.is_anonymous:
            raise PermissionDenied
        if cancel(run_id=run_id, user=request.user):
            messages.success(request, _("Cancelled. What was classified by then stays so."))
        else:
            messages.info(request, _("It had ended already."))
        return HttpResponseRedirect(reverse("admin:intents_reclassification_change", args=[run_id]))

    def _chosen(self, request: HttpRequest, listed: str) -> tuple["QuerySet[Message]", str]:
        """The messages of the list as the address filters it, all pages of it, and the filters in words."""
        model = _LISTS.get(listed)
        if model is None:
            raise Http404
        model_admin = self.admin_site._registry[model]  # noqa: SLF001  (get_model_admin, from Django 5.0 on)
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        # All pages are meant, whichever of them was looked at.
        query = QueryDict(request.GET.urlencode(), mutable=True)
        query.pop(PAGE_VAR, None)
        request.GET = query  # type: ignore[assignment]
        try:
            shown = model_admin.get_changelist_instance(request)
            rows = shown.get_queryset(request)
        except IncorrectLookupParameters as error:
            raise Http404 from error
        if listed == "analyses":
            rows = Message.objects.filter(pk__in=rows.order_by().values("message_id"))
        return with_words(rows), filters_in_words(shown) or _("all messages")

    def _list_url(self, request: HttpRequest, listed: str) -> str:
        names = {"messages": "messaging_message", "analyses": "intents_messageanalysis"}
        return f"{reverse(f'admin:{names[listed]}_changelist')}?{request.GET.urlencode()}"

    def _nudge(self) -> None:
        from intents.tasks import reclassify_messages  # tasks import the domain, which this page is a face of

        nudge(reclassify_messages)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, template, {**shared, **context})


def _filters(request: HttpRequest) -> dict[str, str]:
    return {name: str(value) for name, value in request.GET.items() if name not in _NO_FILTERS and value}
