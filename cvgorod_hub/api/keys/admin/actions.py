"""The pages on which a key gets a new secret, is revoked, or shows its secret for the only time.

A secret is rendered in the answer to the POST that made it: it is in no cookie, session, message or redirect,
and no cache may keep that page.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET
from unfold.decorators import action

from cvgorod_hub.api.chat_choice import search_chats
from cvgorod_hub.api.keys.admin.forms import may_hand_out_decisions
from cvgorod_hub.api.keys.issuing import RotationRefusedError, revoke, rotate
from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.common.admin import ListAdmin

# Hours, and how people say them.
OVERLAPS = {
    0: gettext_lazy("at once"),
    1: gettext_lazy("in an hour"),
    24: gettext_lazy("in a day"),
    72: gettext_lazy("in three days"),
    168: gettext_lazy("in a week"),
}
USUAL_OVERLAP_HOURS = 24
# Any of these.
MAY_CHOOSE_CHATS = [
    f"api.{verb}_{model}" for verb in ("add", "change") for model in ("apikey", "webhookendpoint")
]


class KeyActions(ListAdmin):
    """What is done with a key besides changing its form."""

    actions = ("revoke_selected",)

    def get_urls(self) -> list[URLPattern]:
        views: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("chats/", require_GET(self.chats_view), "chats"),
            ("revoke/", self.revoke_view, "revoke"),
            ("<int:pk>/rotate/", self.rotate_view, "rotate"),
        ]
        own = [
            path(route, self.admin_site.admin_view(view), name=f"api_apikey_{name}")
            for route, view, name in views
        ]
        return [*own, *super().get_urls()]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Also for keys that one may not change otherwise: to stop a key is always right."""
        return request.user.has_perm("api.change_apikey")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key that decides about replies is changed by those who may decide, and nobody else."""
        may_change: bool = super().has_change_permission(request, obj)
        return may_change and (obj is None or not obj.may_decide or may_hand_out_decisions(request.user))

    @action(description=gettext_lazy("Revoke the selected keys…"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse:
        return self._ask_revoking(request, queryset)

    def revoke_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks, with `?key=`; POST revokes."""
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        posted = request.POST.getlist("key") or request.GET.getlist("key")
        ids = [int(each) for each in posted if each.isdecimal() and len(each) < 19]
        keys = ApiKey.objects.filter(pk__in=ids)
        if request.method != "POST":
            return self._ask_revoking(request, keys)
        names = list(keys.filter(revoked_at=None))
        count = revoke(keys)
        for key in names:
            self.log_change(request, key, _("Revoked."))
        text = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", count) % {"count": count}
        messages.success(request, text)
        return HttpResponseRedirect(self._address_of(ids))

    def rotate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks how long the old secret shall work on; POST answers with the new one."""
        key = get_object_or_404(ApiKey.objects.select_related("created_by"), pk=pk)
        if not self.has_change_permission(request, key):
            raise PermissionDenied
        refusal = why_not_rotate(key, request.user)
        if refusal or request.method != "POST":
            return self._page(request, "api/key_rotate.html", _("New secret"), key=key, refusal=refusal)
        hours = request.POST.get("overlap", "")
        if hours not in map(str, OVERLAPS):
            messages.error(request, _("Choose until when the old secret works; nothing was done."))
            return self._page(request, "api/key_rotate.html", _("New secret"), key=key, refusal="")
        try:
            key, text = rotate(
                pk,
                overlap=timedelta(hours=int(hours)),
                owner=request.user if isinstance(request.user, User) else None,
                seen=_posted_moment(request.POST.get("seen", "")),
                check_seen=True,
            )
        except RotationRefusedError:
            messages.error(request, _("The key has changed meanwhile; nothing was done."))
            return HttpResponseRedirect(reverse("admin:api_apikey_change", args=[pk]))
        self.log_change(request, key, _("New secret; the old one works until {}.").format(key.previous_until))
        return self.show_secret(request, key, text)

    def show_secret(self, request: HttpRequest, key: ApiKey, text: str) -> HttpResponse:
        """The only page that ever holds it."""
        page = self._page(request, "api/key_secret.html", _("API key"), key=key, text=text)
        add_never_cache_headers(page)  # no-store, too
        return page

    def chats_view(self, request: HttpRequest) -> HttpResponse:
        """The chats to choose from, for whoever makes keys or webhooks."""
        if not any(map(request.user.has_perm, MAY_CHOOSE_CHATS)):
            raise PermissionDenied
        return search_chats(request)

    def _ask_revoking(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> HttpResponse:
        working = list(keys.filter(revoked_at=None))
        title = ngettext("Revoke this key?", "Revoke these keys?", len(working))
        back = self._address_of([key.pk for key in working])
        return self._page(request, "api/key_revoke.html", title, keys=working, back=back)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        choices = [(hours, words, hours == USUAL_OVERLAP_HOURS) for hours, words in OVERLAPS.items()]
        return TemplateResponse(request, template, {**shared, "overlaps": choices, **context})

    def _address_of(self, ids: list[int]) -> str:
        """The page of the one key, or the list."""
        if len(ids) == 1:
            return reverse("admin:api_apikey_change", args=ids)
        return reverse("admin:api_apikey_changelist")


def why_not_rotate(key: ApiKey, user: object) -> str:
    """A sentence for the person, empty where they may.

    What a key proposes or approves counts as its owner's (the four eyes). So a new secret goes to the owner,
    or makes whoever gets it the owner; the latter only where the earlier one is gone, or to a superuser.
    """
    if key.revoked_at is not None:
        return _("The key is revoked; make a new one.")
    if key.is_expired:
        return _("The key has expired. Give it a later date first, or make a new one.")
    owner = key.created_by
    is_foreign = owner is not None and owner.is_active and owner != user
    if is_foreign and not (isinstance(user, User) and user.is_superuser):
        return _(
            "What this key does counts as done by %(owner)s, so only they can give it a new secret. "
            "You can revoke it and make one of your own."
        ) % {"owner": owner}
    return ""


def _posted_moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
