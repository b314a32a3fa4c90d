"""People and roles in the admin."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clients.models import TelegramUser, UserRole
from cvgorod_hub.common.admin import ListAdmin
from cvgorod_hub.common.lists.csv import Column
from cvgorod_hub.common.period_filter import PeriodFilter


@admin.register(UserRole)
class UserRoleAdmin(ListAdmin):
    list_display = ("display_name", "people", "is_staff", "is_bot", "exclude_from_analytics", "description")
    readonly_fields = ("created_at",)
    export_columns = (
        Column(_("name"), "display_name"),
        Column(_("role"), "role_name"),
        Column(_("people"), "people"),
        Column(_("our staff"), "is_staff"),
        Column(_("a program"), "is_bot"),
        Column(_("left out of statistics"), "exclude_from_analytics"),
        Column(_("description"), "description"),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[UserRole]":
        """Each with `people`, how many have it."""
        queryset: QuerySet[UserRole] = super().get_queryset(request)
        return queryset.annotate(people=Count("users"))

    @display(description=_("people"), ordering="people")
    def people(self, role: UserRole) -> str:
        count: int = role.people  # type: ignore[attr-defined]  # annotated
        url = f"{reverse('admin:clients_telegramuser_changelist')}?role__id__exact={role.pk}"
        return format_html('<a href="{}" class="underline">{}</a>', url, count) if count else "0"

    def get_readonly_fields(self, request: HttpRequest, obj: UserRole | None = None) -> tuple[str, ...]:
        """Code speaks of roles by name, so an existing role keeps its own."""
        return (*self.readonly_fields, "role_name") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: UserRole | None = None) -> bool:
        return False


class TelegramUserAdmin(ListAdmin):
    """A person; messaging registers it, because a role that changes says who waits in which chat."""

    list_display: Sequence[str] = ("person", "role", "last_seen", "first_seen", "staff_account")
    list_filter = (("last_seen", PeriodFilter), "role", ("staff_account", admin.EmptyFieldListFilter))
    list_filter_submit = True
    list_select_related: Sequence[str] = ("role", "staff_account")
    list_empty = _("Whoever writes in a chat that the bot reads appears here.")
    search_fields = ("first_name", "last_name", "username", "id")
    search_help_text = _("Name, @username or Telegram id")
    autocomplete_fields = ("staff_account",)
    readonly_fields = ("id", "username", "first_name", "last_name", "first_seen", "last_seen")
    fields = ("id", "first_name", "last_name", "username", "role", "staff_account", "first_seen", "last_seen")

    @display(description=_("person"), ordering="first_name")
    def person(self, user: TelegramUser) -> str:
        small = f"@{user.username}" if user.username and user.display_name != f"@{user.username}" else ""
        return format_html('{}<span class="list-small">{}</span>', user.display_name, small)

    # A linked person decides with the rights, and in the name, of the account: whoever may not change
    # accounts links only their own.

    def get_readonly_fields(self, request: HttpRequest, obj: TelegramUser | None = None) -> tuple[str, ...]:
        is_of_another = obj is not None and obj.staff_account_id not in {None, request.user.pk}
        if is_of_another and not may_link_anybody(request):
            return (*self.readonly_fields, "staff_account")
        return self.readonly_fields

    def get_autocomplete_fields(self, request: HttpRequest) -> Sequence[str]:
        """Searching among accounts needs the right to see them."""
        return self.autocomplete_fields if may_link_anybody(request) else ()

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        if db_field.name == "staff_account" and not may_link_anybody(request):
            kwargs["queryset"] = User.objects.filter(username=request.user.get_username())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TelegramUser | None = None) -> bool:
        return False


def may_link_anybody(request: HttpRequest) -> bool:
    return request.user.has_perm("auth.change_user")
