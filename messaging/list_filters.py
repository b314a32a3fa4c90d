"""How the admin's lists of chats and messages are narrowed."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.models import TelegramUser, UserRole
from cvgorod_hub.common.lists.filters import ConditionFilter

# People of a role with more than these are found on the way, those of a smaller one by their names.
FEW_PEOPLE = 200


class RoleFilter(ConditionFilter):
    """By the author's role.

    A role of few people may have said nothing for a year: by its people the index finds their words, where by
    the role PostgreSQL would read all messages to fill a page.
    """

    title = _("role")
    parameter_name = "user__role__id__exact"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in UserRole.objects.values_list("pk", "display_name")]

    def conditions(self) -> dict[str, Q]:
        return {value: Q(user__role=value) for value, _name in self.lookup_choices}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.condition() is None:
            return queryset
        people = TelegramUser.objects.filter(Q(role=self.value())).order_by()
        ids = list(people.values_list("pk", flat=True)[: FEW_PEOPLE + 1])
        return queryset.filter(user__in=ids) if len(ids) <= FEW_PEOPLE else queryset.filter(self.condition())


class WaitingFilter(ConditionFilter):
    """Chats where a client waits for an answer, and the others."""

    title = _("waiting for an answer")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, Any]]:
        return [("yes", _("waiting")), ("no", _("answered"))]

    def conditions(self) -> dict[str, Q]:
        return {"yes": Q(waiting_since__isnull=False), "no": Q(waiting_since__isnull=True)}
