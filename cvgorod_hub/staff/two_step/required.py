"""Who has to log in by two steps (`STAFF_TOTP_REQUIRED`)."""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest

from cvgorod_hub.staff.login.completing import BY_TWO_STEPS
from cvgorod_hub.staff.models import Authenticator

EVERYBODY = "*"


def is_required(account: User) -> bool:
    """By one of their groups; of superusers, who may do everything, as soon as anybody has to."""
    groups = settings.STAFF_TOTP_REQUIRED
    if not groups:
        return False
    return account.is_superuser or EVERYBODY in groups or account.groups.filter(name__in=groups).exists()


def must_turn_on(request: HttpRequest) -> bool:
    """Whether this person may do nothing here before they turned it on."""
    account = request.user
    if not settings.STAFF_TOTP_REQUIRED or request.session.get(BY_TWO_STEPS):
        return False
    assert isinstance(account, User)  # noqa: S101  (whoever has the admin's permission has an account)
    return is_required(account) and not Authenticator.objects.in_use(account).exists()
