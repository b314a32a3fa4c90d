"""Raw updates in the admin: what could not be read is seen here, read again, or set aside with a reason.

Looking needs the permission to view raw updates; reading again and setting aside that to change them. The
update itself is never changed.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError as BrokerError
from unfold.decorators import action, display

from bots.error_words import in_words
from bots.failures import LONGEST_REASON, failed_updates, set_aside
from bots.models import RawUpdate
from bots.tasks import replay_failed_updates
from bots.update_filters import KindFilter, StateFilter, find_by_number
from bots.updates import replay_updates
from cvgorod_hub.common.admin import LargeTableAdmin, excerpt
from cvgorod_hub.common.lists.csv import Column
from cvgorod_hub.common.period_filter import PeriodFilter
from sandbox.actors import Actor

State = RawUpdate.State
# So many are read while somebody waits for the page; more are a worker's.
MOST_AT_ONCE = 200
_LIST = "admin:bots_rawupdate_changelist"
# Every state: Unfold shows the bare value of one that has no colour.
STATE_COLOURS = {
    **dict.fromkeys(State.values, "default"),
    State.FAILED: "danger",
    State.PARSED: "success",
    State.PENDING: "warning",
}


@admin.register(RawUpdate)
class RawUpdateAdmin(LargeTableAdmin):
    list_display = ("number", "kind", "state", "problem", "chat_id", "received_at")
    list_filter = (StateFilter, ("received_at", PeriodFilter), KindFilter, "bot")
    list_filter_submit = True
    list_empty = gettext_lazy("What could not be read is listed; for all that came choose another state.")
    export_columns = (
        Column(gettext_lazy("received"), "received_at"),
        Column(gettext_lazy("update"), "update_id"),
        Column(gettext_lazy("kind"), "kind"),
        Column(gettext_lazy("state"), "get_parse_state_display"),
        Column(gettext_lazy("error"), "error"),
        Column(gettext_lazy("note"), "note"),
        Column(gettext_lazy("why set aside"), "dismissed_reason"),
        Column(gettext_lazy("chat"), "chat_id"),
        Column(gettext_lazy("bot"), "bot_id"),
    )
    search_fields = ("update_id", "chat_id")
    search_help_text = gettext_lazy("The number of an update or of a chat.")
    list_before_template = "bots/raw_updates_top.html"
    change_form_outer_before_template = "bots/raw_update_top.html"
    fieldsets = (
        (None, {"fields": ("content",)}),
        (
            None,
            {
                "fields": (
                    "bot",
                    "update_id",
                    "kind",
                    "chat_id",
                    "parse_state",
                    "error",
                    "note",
                    "received_at",
                    "parsed_at",
                )
            },
        ),
    )
    readonly_fields = ("content",)
    actions = ("replay", "put_aside")

    @display(description=gettext_lazy("update"))
    def number(self, update: RawUpdate) -> str:
        return str(update.update_id) if update.update_id is not None else f"№ {update.pk}"

    @display(
        description=gettext_lazy("state"),
        label=STATE_COLOURS,
    )
    def state(self, update: RawUpdate) -> tuple[str, str]:
        return update.parse_state, update.get_parse_state_display()

    @display(description=gettext_lazy("error"))
    def problem(self, update: RawUpdate) -> str:
        if update.parse_state == State.DISMISSED:
            return excerpt(update.dismissed_reason)
        return excerpt(in_words(update.error)) if update.error else excerpt(update.note)

    @display(description=gettext_lazy("payload"))
    def content(self, update: RawUpdate) -> str:
        try:
            pretty = json.dumps(update.decoded(), ensure_ascii=False, indent=2)
        except RecursionError:
            pretty = update.payload  # nested too deep to lay out
        shown = pretty.encode("utf-8", "replace").decode()
        return format_html('<pre class="raw-payload" tabindex="0">{}</pre>', shown)

    @action(description=gettext_lazy("Read again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[RawUpdate]) -> None:
        chosen = self._chosen(request, queryset)
        if chosen is not None:
            self._read_again(request, chosen)

    @action(description=gettext_lazy("Set aside…"), permissions=["replay"])
    def put_aside(self, request: HttpRequest, queryset: QuerySet[RawUpdate]) -> HttpResponse | None:
        chosen = self._chosen(request, queryset)
        return None if chosen is None else self._ask_why(request, chosen)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_rawupdate")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RawUpdate], search_term: str
    ) -> tuple[QuerySet[RawUpdate], bool]:
        """By number, through indexes; never a scan for digits."""
        return (find_by_number(queryset, search_term) if search_term.strip() else queryset), False

    def get_urls(self) -> list[URLPattern]:
        views = [
            ("read-again/", self.read_all_view, "read_all"),
            ("set-aside/", self.set_aside_view, "set_aside"),
            ("<int:pk>/read-again/", self.read_one_view, "read_one"),
        ]
        own = [
            path(route, require_POST(self.admin_site.admin_view(view)), name=f"bots_rawupdate_{name}")
            for route, view, name in views
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        top = {"may_settle": self.has_replay_permission(request)}
        return super().changelist_view(request, {**(extra_context or {}), **top})

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        obj: RawUpdate | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        context |= {
            "error_words": in_words(obj.error) if obj is not None and obj.parse_state == State.FAILED else "",
            "may_settle": self.has_replay_permission(request),
            "reason_limit": LONGEST_REASON,
        }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def read_one_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._check(request)
        update = get_object_or_404(RawUpdate, pk=pk)
        self._read_again(request, RawUpdate.objects.filter(pk=update.pk))
        return HttpResponseRedirect(reverse("admin:bots_rawupdate_change", args=[pk]))

    def read_all_view(self, request: HttpRequest) -> HttpResponse:
        """Everything that could not be read: a few now, many by a worker."""
        self._check(request)
        if len(failed_updates()[: MOST_AT_ONCE + 1]) > MOST_AT_ONCE:
            self._hand_over(request)
        else:
            self._read_again(request, failed_updates())
        return HttpResponseRedirect(reverse(_LIST))

    def set_aside_view(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        posted = request.POST.getlist("update")
        ids = [int(each) for each in posted if each.isdecimal() and len(each) < 19][:MOST_AT_ONCE]
        try:
            settled = set_aside(
                ids=ids, actor=Actor.from_user(request.user), reason=request.POST.get("reason", "")
            )
        except ValueError:
            messages.error(request, _("Say why in up to 500 characters; nothing was done."))
            return self._ask_why(request, RawUpdate.objects.filter(pk__in=ids))
        self._tell_settled(request, ids, settled)
        return HttpResponseRedirect(reverse(_LIST))

    def _check(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) and self.has_replay_permission(request)):
            raise PermissionDenied

    def _chosen(self, request: HttpRequest, queryset: QuerySet[RawUpdate]) -> QuerySet[RawUpdate] | None:
        """The ticked rows under their ids: what is read leaves the list's filter. None: too many."""
        ids = list(queryset.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(ids) <= MOST_AT_ONCE:
            return RawUpdate.objects.filter(pk__in=ids)
        text = _(
            "More than %(most)d updates were chosen; nothing was done. “Read all again” takes all that could "
            "not be read, and the command replay_updates any number."
        )
        messages.error(request, text % {"most": MOST_AT_ONCE})
        return None

    def _read_again(self, request: HttpRequest, updates: QuerySet[RawUpdate]) -> None:
        taken: list[int] = []
        failed = replay_updates(updates, progress=taken.append)
        if failed:
            text = ngettext(
                "%(failed)d update still cannot be read.", "%(failed)d updates still cannot be read.", failed
            )
            messages.warning(request, text % {"failed": failed})
        if read := sum(taken) - failed:
            messages.success(request, _("Read again: %(count)d.") % {"count": read})

    def _hand_over(self, request: HttpRequest) -> None:
        try:
            replay_failed_updates.apply_async(retry=False)
        except (BrokerError, OSError):
            messages.error(
                request, _("Redis does not answer, so no worker could be told. Nothing was done; try again.")
            )
        else:
            text = _(
                "There are more than %(most)d. A worker reads them now; this list says how many are left."
            )
            messages.info(request, text % {"most": MOST_AT_ONCE})

    def _ask_why(self, request: HttpRequest, updates: QuerySet[RawUpdate]) -> HttpResponse:
        chosen = [
            (update, in_words(update.error)) for update in updates if update.parse_state == State.FAILED
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Set these updates aside?"),
            "chosen": chosen,
            "left_out": len(updates) - len(chosen),
            "reason_limit": LONGEST_REASON,
        }
        return TemplateResponse(request, "bots/set_aside.html", context)

    def _tell_settled(self, request: HttpRequest, ids: Sequence[int], settled: Sequence[int]) -> None:
        for update in RawUpdate.objects.filter(pk__in=settled):
            self.log_change(request, update, f"{State.DISMISSED.label}: {update.dismissed_reason}")
        if settled:
            text = ngettext("%(count)d update set aside.", "%(count)d updates set aside.", len(settled))
            messages.success(request, text % {"count": len(settled)})
        if others := len(set(ids)) - len(settled):
            text = ngettext(
                "%(count)d update was read or set aside by somebody else meanwhile.",
                "%(count)d updates were read or set aside by somebody else meanwhile.",
                others,
            )
            messages.warning(request, text % {"count": others})
