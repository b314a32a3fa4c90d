"""People and roles in the admin."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from clients.models import TelegramUser, UserRole


@admin.register(UserRole)
class UserRoleAdmin(ModelAdmin):
    list_display = ("display_name", "role_name", "is_staff", "is_bot", "exclude_from_analytics")
    readonly_fields = ("created_at",)

    def get_readonly_fields(self, request: HttpRequest, obj: UserRole | None = None) -> tuple[str, ...]:
        """Code speaks of roles by name, so an existing role keeps its own."""
        return (*self.readonly_fields, "role_name") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: UserRole | None = None) -> bool:
        return False


class TelegramUserAdmin(ModelAdmin):
    """A person; messaging registers it, because a role that changes says who waits in which chat."""

    list_display = ("person", "username", "role", "last_seen", "first_seen")
    list_filter = ("role",)
    list_select_related = ("role",)
    search_fields = ("first_name", "last_name", "username", "id")
    show_full_result_count = False
    autocomplete_fields = ("staff_account",)
    readonly_fields = ("id", "username", "first_name", "last_name", "first_seen", "last_seen")
    fields = ("id", "first_name", "last_name", "username", "role", "staff_account", "first_seen", "last_seen")

    @display(description=_("person"), ordering="first_name")
    def person(self, user: TelegramUser) -> str:
        return user.display_name

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
