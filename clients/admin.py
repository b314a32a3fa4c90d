"""People and roles in the admin."""

from django.contrib import admin
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TelegramUser | None = None) -> bool:
        return False
