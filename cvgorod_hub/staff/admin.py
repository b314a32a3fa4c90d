"""Staff accounts and groups, in the admin's own look."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from clients.linking import TakenError, link_person
from clients.models import TelegramUser
from cvgorod_hub.staff.attempts_admin import LoginAttemptAdmin
from cvgorod_hub.staff.login import journal
from cvgorod_hub.staff.models import Authenticator
from cvgorod_hub.staff.people import StaffAccountForm, described, search_people
from cvgorod_hub.staff.permission_names import PermissionsField, permissions_with_pages
from cvgorod_hub.staff.two_step.turning import reset

__all__ = ["GroupAdmin", "LoginAttemptAdmin", "UserAdmin"]

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
    list_display = (
        "username",
        "full_name",
        "group_names",
        "telegram_person",
        "has_second_step",
        "is_active",
        "last_login",
    )
    list_filter = ("groups", "is_active", "is_superuser")
    list_select_related = ("telegram_user__role", "authenticator")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("username", "password", "second_step")}),
        (gettext_lazy("Personal info"), {"fields": (("first_name", "last_name"), "email")}),
        (gettext_lazy("Telegram"), {"fields": ("telegram_person",)}),
        (
            gettext_lazy("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (gettext_lazy("Important dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    readonly_fields = ("second_step", "last_login", "date_joined")

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

    @display(description=gettext_lazy("two steps"), boolean=True)
    def has_second_step(self, account: User) -> bool:
        authenticator: Authenticator | None = getattr(account, "authenticator", None)
        return authenticator is not None and authenticator.confirmed_at is not None

    @display(description=gettext_lazy("Two-step login"))
    def second_step(self, account: User) -> str:
        if not self.has_second_step(account):
            return _("Off: the password alone lets them in.")
        address = reverse("admin:auth_user_second_step", args=[account.pk])
        return format_html('{} <a href="{}" class="underline">{}</a>', _("On."), address, _("Reset…"))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        return super().get_queryset(request).prefetch_related("groups")

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("people/", guard(require_GET(self.people_view)), name="auth_user_people"),
            path("<int:pk>/two-step/", guard(self.second_step_view), name="auth_user_second_step"),
            *super().get_urls(),
        ]

    def people_view(self, request: HttpRequest) -> JsonResponse:
        """The people to choose from, for whoever changes accounts."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return search_people(request)

    def second_step_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks, POST resets; for whoever may change the account, who can give it a new password, too."""
        account = get_object_or_404(User, pk=pk)
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        if request.method == "POST":
            if reset(account):
                self.log_change(request, account, _("Two-step login reset."))
                journal.note("two-step login reset", request, account, by=request.user.get_username())
            messages.success(
                request, _("%(account)s logs in by the password alone now.") % {"account": account}
            )
            return redirect("admin:auth_user_change", pk)
        context = {**self.admin_site.each_context(request), "title": _("Two-step login"), "account": account}
        return TemplateResponse(request, "staff/reset_two_step.html", context)

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


# In place of Django's own.
admin.site.unregister([User, Group])
admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)
