"""How long it is kept who was refused."""

from django.conf import settings
from django.db.models.functions import Now

from cvgorod_hub.staff.models import LoginAttempt


def delete_old() -> int:
    """Delete what is older than `LOGIN_ATTEMPTS_KEPT`; returns how many."""
    return LoginAttempt.objects.filter(at__lt=Now() - settings.LOGIN_ATTEMPTS_KEPT).delete()[0]
