"""Staff accounts and groups, in the admin's own look."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from clients.linking import TakenError, link_person
from clients.models import TelegramUser
from cvgorod_hub.staff.people import StaffAccountForm, described, search_people
from cvgorod_hub.staff.permission_names import PermissionsField, permissions_with_pages

if TYPE_CHECKING:
    from django.db.models import ManyToManyField, QuerySet
    from django.forms import ModelMultipleChoiceField

_PERMISSION_FIELDS = ("permissions", "user_permissions")


class ReadablePermissions(ModelAdmin):
    """Names permissions in the reader's language, to be ticked: two lists beside each other fit no phone."""

    filter_horizontal: Sequence[str] = ()

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelMultipleChoiceField[Any] | None":
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        if db_field.name in _PERMISSION_FIELDS:
            kwargs |= {"form_class": PermissionsField, "queryset": permissions_with_pages()}
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[no-any-return]


class UserAdmin(ReadablePermissions, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg,misc]  # as below
    form = StaffAccountForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "group_names", "telegram_person", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    list_select_related = ("telegram_user__role",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Personal info"), {"fields": (("first_name", "last_name"), "email")}),
        (gettext_lazy("Telegram"), {"fields": ("telegram_person",)}),
        (
            gettext_lazy("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (gettext_lazy("Important dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    readonly_fields = ("last_login", "date_joined")

    @display(description=gettext_lazy("name"), ordering="first_name")
    def full_name(self, account: User) -> str:
        return account.get_full_name() or "—"

    @display(description=gettext_lazy("groups"))
    def group_names(self, account: User) -> str:
        return ", ".join(group.name for group in account.groups.all()) or "—"

    @display(description=gettext_lazy("Person in Telegram"))
    def telegram_person(self, account: User) -> str:
        """Of the list, and of the page where somebody may only look."""
        person: TelegramUser | None = getattr(account, "telegram_user", None)
        return described(person) if person else "—"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        return super().get_queryset(request).prefetch_related("groups")

    def get_urls(self) -> list[URLPattern]:
        people = self.admin_site.admin_view(require_GET(self.people_view))
        return [path("people/", people, name="auth_user_people"), *super().get_urls()]

    def people_view(self, request: HttpRequest) -> JsonResponse:
        """The people to choose from, for whoever changes accounts."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return search_people(request)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: ANN401
        super().save_model(request, obj, form, change)
        if "telegram_person" in form.changed_data:
            self._link(request, obj, form.cleaned_data["telegram_person"])

    def _link(self, request: HttpRequest, account: User, person: TelegramUser | None) -> None:
        """Link, and say so in the history of everybody concerned."""
        try:
            link = link_person(account=account, person=person)
        except TakenError as error:  # linked elsewhere since the form was checked
            raise PermissionDenied from error
        if link.before is not None:
            self.log_change(
                request, link.before, _("Unlinked from the account %(account)s") % {"account": account}
            )
        if link.after is not None:
            self.log_change(
                request, link.after, _("Linked to the account %(account)s") % {"account": account}
            )


class GroupAdmin(ReadablePermissions, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    pass


def register() -> None:
    """In place of Django's own."""
    admin.site.index_title = gettext_lazy("Overview")
    admin.site.unregister([User, Group])
    admin.site.register(User, UserAdmin)
    admin.site.register(Group, GroupAdmin)
