"""Refused logins in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action

from cvgorod_hub.common.admin import ReadOnlyAdmin
from cvgorod_hub.common.period_filter import PeriodFilter
from cvgorod_hub.staff.login import journal
from cvgorod_hub.staff.login.attempts import forget
from cvgorod_hub.staff.models import LoginAttempt

if TYPE_CHECKING:
    from django.db.models import QuerySet


@admin.register(LoginAttempt)
class LoginAttemptAdmin(ReadOnlyAdmin):
    list_display = ("at", "account", "step", "network", "is_known_browser")
    list_filter = (("at", PeriodFilter), "step", "is_known_browser")
    list_select_related = ("account",)
    search_fields = ("account__username", "network")
    page_key = ("at", "pk")
    fields = ("at", "account", "step", "network", "is_known_browser")
    actions = ("let_in",)
    list_empty = gettext_lazy("Nobody was refused.")

    def has_let_in_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("staff.delete_loginattempt")

    @action(description=gettext_lazy("Let these accounts try again at once"), permissions=["let_in"])
    def let_in(self, request: HttpRequest, queryset: "QuerySet[LoginAttempt]") -> None:
        """All attempts of the accounts that were ticked are forgotten."""
        accounts = User.objects.filter(pk__in=queryset.values("account"))
        for account in accounts:
            forget(account)
            journal.note("login let in again", request, account, by=request.user.get_username())
        count = len(accounts)
        text = ngettext("%(count)d account may try again.", "%(count)d accounts may try again.", count) % {
            "count": count
        }
        messages.success(request, text)
