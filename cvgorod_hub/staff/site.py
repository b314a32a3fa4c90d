"""The admin's site: its pages beside the models' own, and who is let in."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from cvgorod_hub.staff.login import journal
from cvgorod_hub.staff.login.password import ChangeOwnPassword, PasswordForm, PasswordStep
from cvgorod_hub.staff.login.second_step import second_step_view
from cvgorod_hub.staff.two_step.page import two_step_view
from cvgorod_hub.staff.two_step.required import must_turn_on

# What is open to whoever must turn on the second step first.
_OPEN = {"two_step", "logout", "password_change", "password_change_done", "jsi18n"}


class HubAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold carries no types
    index_title = gettext_lazy("Overview")
    login_form = PasswordForm

    def extra_urls(self) -> list[URLPattern]:
        # Here, since the desk imports rooms whose admins register with this site as they are imported.
        from cvgorod_hub.desk.urls import desk_urls

        return [
            *desk_urls(),
            path("login/code/", second_step_view, name="second_step"),
            path("two-step/", self.admin_view(two_step_view), name="two_step"),
        ]

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Asks for a login, and sends whoever must turn on the second step to the page that does it."""
        guarded = super().admin_view(view, cacheable)

        def guarded_twice(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request) and _name_of(request) not in _OPEN and must_turn_on(request):
                return redirect("admin:two_step")
            answer: HttpResponseBase = guarded(request, *args, **kwargs)
            return answer

        return update_wrapper(guarded_twice, guarded)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The password; Django's own method with another view."""
        index = reverse("admin:index", current_app=self.name)
        if request.method == "GET" and self.has_permission(request):
            return redirect(index)
        context = {
            **self.each_context(request),
            "title": _("Log in"),
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            **(extra_context or {}),
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = index
        request.current_app = self.name
        view = PasswordStep.as_view(
            extra_context=context, authentication_form=self.login_form, template_name="admin/login.html"
        )
        return view(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Django's own method with another view, which counts how often the old password is tried."""
        request.current_app = self.name
        view = ChangeOwnPassword.as_view(
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
            template_name=self.password_change_template or "registration/password_change_form.html",
        )
        return view(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "POST":
            journal.note("logout", request, request.user)
        answer: HttpResponse = super().logout(request, extra_context)
        return answer


def _name_of(request: HttpRequest) -> str | None:
    return request.resolver_match.url_name if request.resolver_match else None
