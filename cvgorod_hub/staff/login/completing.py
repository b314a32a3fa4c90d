"""The end of a login: the session, the browser remembered, a line in the log."""

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseRedirect

from cvgorod_hub.staff.login import journal
from cvgorod_hub.staff.login.known import remember
from cvgorod_hub.staff.models import LoginAttempt

# In the session: it was opened by both steps.
BY_TWO_STEPS = "two_step"


def complete(
    request: HttpRequest, account: User, *, to: str, last_step: LoginAttempt.Step
) -> HttpResponseRedirect:
    """Nothing is missing any more. `to`: an address within the hub."""
    # By the one backend of the settings: a session of any other one is nobody's.
    login(request, account)
    if last_step == LoginAttempt.Step.CODE:
        request.session[BY_TWO_STEPS] = True
    journal.note("login", request, account, step=last_step)
    response = HttpResponseRedirect(to)
    remember(response, request, account)
    return response
