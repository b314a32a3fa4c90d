"""Turning the second step on and off, and resetting somebody's."""

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from cvgorod_hub.staff.models import Authenticator
from cvgorod_hub.staff.two_step.codes import new_backup_codes
from cvgorod_hub.staff.two_step.secrets import SecretLostError, new_seed, totp_of


class AlreadyOnError(Exception):
    """Another session was first; nothing was done."""


def prepare(account: User, *, seed: str = "") -> Authenticator:
    """An app to set up, stored nowhere yet; with this seed, if its secret can still be made of it."""
    made = Authenticator(account=account, seed=seed or new_seed())
    if not _has_secret(made):
        made.seed = new_seed()
    return made


def turn_on(authenticator: Authenticator, *, session_key: str | None) -> list[str]:
    """From now on logins ask for a code; returns the backup codes. Other sessions of the account end.

    Raises AlreadyOnError.
    """
    account = authenticator.account
    with transaction.atomic():
        # Two at the same moment: the second one finds the row of the first.
        User.objects.select_for_update(no_key=True).get(pk=account.pk)
        if Authenticator.objects.in_use(account).exists():
            raise AlreadyOnError
        Authenticator.objects.filter(account=account).delete()
        authenticator.confirmed_at = timezone.now()
        authenticator.save(force_insert=True)
        codes = new_backup_codes(authenticator)
        end_sessions(account, but=session_key)
    return codes


def turn_off(account: User, *, session_key: str | None) -> bool:
    """Logins ask for no code any more; whether they did. Other sessions of the account end: they were opened
    by two steps, and would count as such for good."""
    with transaction.atomic():
        was_on = Authenticator.objects.in_use(account).exists()
        Authenticator.objects.filter(account=account).delete()
        end_sessions(account, but=session_key)
    return was_on


def reset(account: User) -> bool:
    """As `turn_off`, for somebody whose phone is gone, perhaps in other hands: all their sessions end."""
    return turn_off(account, session_key=None)


def end_sessions(account: User, *, but: str | None = None) -> None:
    """A session's account stands in its signed content only, so all that are alive are read."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).exclude(session_key=but or ""):
        if session.get_decoded().get("_auth_user_id") == str(account.pk):
            session.delete()


def _has_secret(authenticator: Authenticator) -> bool:
    try:
        totp_of(authenticator)
    except SecretLostError:
        return False
    return True
