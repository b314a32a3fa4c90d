"""The second step: a code of the account's authenticator app, or a backup code.

Between the two steps nobody is logged in: the session says only whose password was right, for ten minutes.
"""

import time
from dataclasses import asdict, dataclass

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminTextInputWidget

from cvgorod_hub.staff.login import attempts, journal, words
from cvgorod_hub.staff.login.completing import complete
from cvgorod_hub.staff.models import Authenticator, LoginAttempt
from cvgorod_hub.staff.two_step.codes import is_right
from cvgorod_hub.staff.two_step.secrets import SecretLostError

Step = LoginAttempt.Step
WAITS_SECONDS = 600
_KEY = "second_step"


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "autocapitalize": "none"}
        ),
        help_text=gettext_lazy("Six digits from your authenticator app, or one of your backup codes."),
    )


@dataclass(frozen=True)
class Pending:
    """Whose password was right, and when (seconds since 1970); another password since ends it."""

    account_id: int
    password_mark: str
    since: float
    to: str

    def account(self) -> User | None:
        account = User.objects.filter(pk=self.account_id, is_active=True, is_staff=True).first()
        if account is None or account.get_session_auth_hash() != self.password_mark:
            return None
        return account if 0 <= time.time() - self.since < WAITS_SECONDS else None


def ask_for_code(request: HttpRequest, account: User, *, to: str) -> HttpResponseRedirect:
    request.session.cycle_key()
    pending = Pending(account.pk, account.get_session_auth_hash(), time.time(), to)
    request.session[_KEY] = asdict(pending)
    return redirect("admin:second_step")


@never_cache
@login_not_required
@csrf_protect
@require_http_methods(["GET", "POST"])
def second_step_view(request: HttpRequest) -> HttpResponse:
    kept = request.session.get(_KEY)
    pending = Pending(**kept) if kept else None
    account = pending.account() if pending else None
    authenticator = Authenticator.objects.in_use(account).first() if account else None
    if pending is None or account is None or authenticator is None:
        request.session.pop(_KEY, None)
        return redirect("admin:login")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        refusal = check(request, authenticator, form.cleaned_data["code"])
        if not refusal:
            request.session.pop(_KEY)
            return complete(request, account, to=pending.to, last_step=Step.CODE)
        form.add_error(None, refusal)
    context = {**admin.site.each_context(request), "title": _("Second step"), "form": form}
    return TemplateResponse(request, "staff/second_step.html", context)


def check(request: HttpRequest, authenticator: Authenticator, code: str) -> str:
    """Use a code up. What is wrong with it in a sentence; "" where it is right."""
    account = authenticator.account
    try:
        attempt = attempts.begin(request, username=account.username, account=account, step=Step.CODE)
    except attempts.TooManyAttemptsError as error:
        journal.note_refusal(request, account, because="too-many", step=Step.CODE)
        return words.too_many(error.wait)
    try:
        right = is_right(authenticator, code)
    except SecretLostError:
        journal.note_refusal(request, account, because="secret-lost", step=Step.CODE)
        return _(
            "The hub has another secret key now, and cannot check codes any more. Ask an administrator to "
            "reset your two-step login."
        )
    if not right:
        journal.note_refusal(request, account, because="wrong", step=Step.CODE)
        return _("The code is not right, or was used already. Wait for the next one.")
    attempts.succeed(attempt)
    return ""
