"""Codes: six digits of an app, taken once each, and backup codes for a lost phone."""

import re
import secrets
import time

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from cvgorod_hub.staff.models import Authenticator, BackupCode
from cvgorod_hub.staff.two_step.secrets import totp_of

# Codes of the 30 seconds before and after are taken, too: clocks differ, and people type (RFC 6238, 5.2).
_STEPS_AROUND = (0, -1, 1)
BACKUP_CODES = 10
# Without what looks alike; ten of 31 letters are 49 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10
_SALT = "cvgorod_hub.staff.two_step.codes"


def is_right(authenticator: Authenticator, text: str) -> bool:
    """Whether this is a code that was not used yet; it is used up by this. Raises SecretLostError.

    Of an app that is being set up, and not stored, only its own codes are right.
    """
    code = re.sub(r"[\s-]", "", text).lower()
    if re.fullmatch("[0-9]{6}", code):
        return _takes_step(authenticator, code)
    if authenticator.confirmed_at is None:
        return False
    unused = authenticator.backup_codes.filter(digest=_digest(code), used_at=None)
    return bool(unused.update(used_at=timezone.now()))


def _takes_step(authenticator: Authenticator, code: str) -> bool:
    totp = totp_of(authenticator)
    now = int(time.time()) // totp.interval
    for step in (now + each for each in _STEPS_AROUND):
        if constant_time_compare(totp.generate_otp(step), code):
            if authenticator.confirmed_at is None:
                authenticator.last_step = step
                return True
            # Two that come at the same moment: one of them changes the row.
            newer = Authenticator.objects.filter(pk=authenticator.pk, last_step__lt=step)
            return bool(newer.update(last_step=step))
    return False


def new_backup_codes(authenticator: Authenticator) -> list[str]:
    """Ten codes in place of all earlier ones, as they are typed: `abcde-fghjk`."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(BACKUP_CODES)]
    with transaction.atomic():
        authenticator.backup_codes.all().delete()
        BackupCode.objects.bulk_create(
            BackupCode(authenticator=authenticator, digest=_digest(code)) for code in codes
        )
    return [f"{code[: _LENGTH // 2]}-{code[_LENGTH // 2 :]}" for code in codes]


def _digest(code: str) -> str:
    """Under the hub's secret key: 49 bits alone could be tried out on a copy of the table."""
    return salted_hmac(_SALT, code, algorithm="sha256").hexdigest()
