"""The page on which people turn their own second step on and off.

The secret stands on it only until the first code confirms it, and each session is shown one of its own: what
somebody read in a browser that stood open opens nothing later. Backup codes stand in the answer to the POST
that made them, which no cache keeps, and nowhere else.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget

from cvgorod_hub.staff.login import journal
from cvgorod_hub.staff.login.completing import BY_TWO_STEPS
from cvgorod_hub.staff.login.password import check_password
from cvgorod_hub.staff.login.second_step import CodeForm, check
from cvgorod_hub.staff.models import Authenticator
from cvgorod_hub.staff.two_step.codes import new_backup_codes
from cvgorod_hub.staff.two_step.required import is_required
from cvgorod_hub.staff.two_step.secrets import picture, readable, totp_of
from cvgorod_hub.staff.two_step.turning import AlreadyOnError, prepare, turn_off, turn_on

# In the session: what the secret is made of that this browser was shown.
_SEED = "two_step_seed"


class TurnOnForm(CodeForm):
    """Also the password: whoever finds a browser open shall not put their own phone in."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        max_length=128,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("password", "code")

    def __init__(self, data: Any = None) -> None:  # noqa: ANN401  (what Django's forms take)
        super().__init__(data)
        code = self.fields["code"]
        code.help_text = _("Six digits that the app shows now.")
        del code.widget.attrs["autofocus"]


def two_step_view(request: HttpRequest) -> HttpResponse:
    """GET shows how it stands; POST turns on, makes new backup codes (`what=codes`) or turns off (`off`)."""
    account = request.user
    assert isinstance(account, User)  # noqa: S101  (admin_view lets nobody else in)
    authenticator = Authenticator.objects.in_use(account).first()
    if authenticator is None:
        return _turning_on(request, account)
    request.session.pop(_SEED, None)
    form = CodeForm(request.POST if request.method == "POST" else None)
    form.fields["code"].widget.attrs.pop("autofocus", None)
    if form.is_valid():
        if refusal := check(request, authenticator, form.cleaned_data["code"]):
            form.add_error("code", refusal)
        elif request.POST.get("what") == "off":
            return _turn_off(request, account)
        else:
            journal.note("new backup codes", request, account)
            return _show_codes(request, new_backup_codes(authenticator))
    return _page(
        request,
        "staff/two_step_on.html",
        form=form,
        since=authenticator.confirmed_at,
        codes_left=authenticator.backup_codes.filter(used_at=None).count(),
        is_required=is_required(account),
    )


def _turning_on(request: HttpRequest, account: User) -> HttpResponse:
    authenticator = prepare(account, seed=request.session.get(_SEED, ""))
    if request.session.get(_SEED) != authenticator.seed:
        request.session[_SEED] = authenticator.seed
    form = TurnOnForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        # The password first: a wrong one uses no code up.
        if refusal := check_password(request, account, form.cleaned_data["password"]):
            form.add_error("password", refusal)
        elif refusal := check(request, authenticator, form.cleaned_data["code"]):
            form.add_error("code", refusal)
        else:
            return _turn_on(request, authenticator)
    totp = totp_of(authenticator)
    return _page(
        request,
        "staff/two_step_off.html",
        form=form,
        picture=picture(totp, account, title=_("The code to scan")),
        secret=readable(totp),
        is_required=is_required(account),
    )


def _turn_on(request: HttpRequest, authenticator: Authenticator) -> HttpResponse:
    try:
        codes = turn_on(authenticator, session_key=request.session.session_key)
    except AlreadyOnError:
        return redirect("admin:two_step")
    request.session.pop(_SEED, None)
    request.session[BY_TWO_STEPS] = True
    journal.note("two-step login on", request, request.user)
    return _show_codes(request, codes)


def _turn_off(request: HttpRequest, account: User) -> HttpResponse:
    if is_required(account):
        messages.error(request, _("Your group logs in by two steps; it cannot be turned off."))
        return redirect("admin:two_step")
    turn_off(account, session_key=request.session.session_key)
    request.session.pop(BY_TWO_STEPS, None)
    journal.note("two-step login off", request, account)
    messages.success(request, _("Two-step login is off: the password alone lets you in."))
    return redirect("admin:two_step")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """The only answer that ever holds them."""
    return _page(request, "staff/backup_codes.html", codes=codes)


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    shared = {**admin.site.each_context(request), "title": _("Two-step login")}
    page = TemplateResponse(request, template, {**shared, **context})
    add_never_cache_headers(page)  # no-store, too
    return page
