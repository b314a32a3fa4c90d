"""The first step: a name and a password."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext as _
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

from cvgorod_hub.staff.login import attempts, journal, words
from cvgorod_hub.staff.login.completing import complete
from cvgorod_hub.staff.login.second_step import ask_for_code
from cvgorod_hub.staff.models import Authenticator, LoginAttempt

Step = LoginAttempt.Step


class PasswordForm(AuthenticationForm):  # type: ignore[misc]  # unfold carries no types
    """Looks at a password only where it is not one attempt too many."""

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username")
        if not username or not self.cleaned_data.get("password"):
            return dict(super().clean())
        account = User.objects.filter(username=username).first()
        try:
            attempt = attempts.begin(self.request, username=username, account=account, step=Step.PASSWORD)
        except attempts.TooManyAttemptsError as error:
            journal.note_refusal(self.request, account, because="too-many", step=Step.PASSWORD)
            raise ValidationError(words.too_many(error.wait), code="too_many") from None
        try:
            cleaned = dict(super().clean())
        except ValidationError:
            journal.note_refusal(self.request, account, because="wrong", step=Step.PASSWORD)
            raise
        attempts.succeed(attempt)
        return cleaned


def check_password(request: HttpRequest, account: User, password: str) -> str:
    """Of somebody who is logged in. What is wrong with it in a sentence; "" where it is right."""
    try:
        attempt = attempts.begin(request, username=account.username, account=account, step=Step.PASSWORD)
    except attempts.TooManyAttemptsError as error:
        journal.note_refusal(request, account, because="too-many", step=Step.PASSWORD)
        return words.too_many(error.wait)
    if not account.check_password(password):
        journal.note_refusal(request, account, because="wrong", step=Step.PASSWORD)
        return _("This is not your password.")
    attempts.succeed(attempt)
    return ""


class OwnPasswordForm(AdminOwnPasswordChangeForm):  # type: ignore[misc]  # unfold carries no types
    """Asks for the password that is, as often as a login does and no more: a browser may stand open."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if refusal := check_password(self._request, self.user, password):
            raise ValidationError(refusal, code="password_incorrect")
        return password


class ChangeOwnPassword(PasswordChangeView):
    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


class PasswordStep(LoginView):
    def form_valid(self, form: Any) -> HttpResponseRedirect:  # noqa: ANN401  (as its base says)
        account: User = form.get_user()
        to = self.get_success_url()
        if Authenticator.objects.in_use(account).exists():
            return ask_for_code(self.request, account, to=to)
        return complete(self.request, account, to=to, last_step=Step.PASSWORD)
