"""How often a login may be tried.

Counted by account and address together, so that nobody locks somebody else out from elsewhere; and, against
guessing from many addresses or of many accounts, by each of them alone. A browser in which the account has
logged in before is counted apart and knows neither of the latter. Nothing here needs Redis.

An attempt is counted before its password is looked at, under a lock: however many are made at the same
moment, no more than the limit have theirs looked at.
"""

import hashlib
from datetime import timedelta
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from cvgorod_hub.api.keys.callers import address_of, network_of
from cvgorod_hub.staff.login.known import is_known
from cvgorod_hub.staff.models import LoginAttempt

Step = LoginAttempt.Step
_SALT = "cvgorod_hub.staff.login.attempts"
# PostgreSQL's advisory locks of this module.
_LOCKS = 7708


class Limit(NamedTuple):
    most: int
    within: timedelta


QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
# Of one account from one address (one /64 of IPv6).
HERE = {Step.PASSWORD: Limit(5, QUARTER), Step.CODE: Limit(5, QUARTER)}
# Of one account, from all browsers that it has never logged in with. Three codes of a million are right.
ELSEWHERE = {Step.PASSWORD: Limit(20, HOUR), Step.CODE: Limit(10, HOUR)}
# From one address, whichever the accounts: an office may stand behind it.
ADDRESS = Limit(50, QUARTER)


class TooManyAttemptsError(Exception):
    """Not looked at. `wait`: when the next one will be."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Too many attempts; the next one in {wait.total_seconds():.0f} s.")
        self.wait = wait


def begin(request: HttpRequest, *, username: str, account: User | None, step: Step) -> LoginAttempt:
    """Count an attempt. Raises TooManyAttemptsError, and counts nothing, where it is one too many."""
    attempt = LoginAttempt(
        account=account,
        name_key=name_key(username),
        network=network_of(address_of(request)),
        step=step,
        is_known_browser=account is not None and is_known(request, account),
    )
    with transaction.atomic():
        _lock(attempt.name_key, attempt.network)
        if wait := max((_wait(limit, rows) for limit, rows in _limits(attempt)), default=timedelta()):
            raise TooManyAttemptsError(wait)
        attempt.save()
    return attempt


def succeed(attempt: LoginAttempt) -> None:
    """It was right: forget it, and the slips before it of the same person in the same place."""
    _same(attempt).delete()


def forget(account: User) -> int:
    """Let an account be tried again at once, from everywhere; returns how many attempts were forgotten."""
    return LoginAttempt.objects.filter(name_key=name_key(account.get_username())).delete()[0]


def name_key(username: str) -> str:
    return salted_hmac(_SALT, username.casefold(), algorithm="sha256").hexdigest()


def _limits(attempt: LoginAttempt) -> list[tuple[Limit, Q]]:
    step = Step(attempt.step)
    here = Q(name_key=attempt.name_key, network=attempt.network, is_known_browser=attempt.is_known_browser)
    if attempt.is_known_browser:
        return [(HERE[step], here & Q(step=step))]
    strange = Q(is_known_browser=False, step=step)
    return [
        (HERE[step], here & Q(step=step)),
        (ELSEWHERE[step], strange & Q(name_key=attempt.name_key)),
        (ADDRESS, strange & Q(network=attempt.network)),
    ]


def _same(attempt: LoginAttempt) -> QuerySet[LoginAttempt]:
    return LoginAttempt.objects.filter(
        name_key=attempt.name_key,
        network=attempt.network,
        step=attempt.step,
        is_known_browser=attempt.is_known_browser,
    )


def _wait(limit: Limit, rows: Q) -> timedelta:
    """Until the oldest of the last `most` attempts lies outside; nothing where there are fewer."""
    left = ExpressionWrapper(F("at") + limit.within - Now(), output_field=DurationField())
    newest = LoginAttempt.objects.filter(rows, at__gt=Now() - limit.within).order_by("-at", "-pk")
    found = list(newest.annotate(left=left).values_list("left", flat=True)[limit.most - 1 : limit.most])
    return found[0] if found else timedelta()


def _lock(*names: str) -> None:
    """Until the transaction ends; always in the same order, so that two never wait for each other."""
    numbers = sorted(
        int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], signed=True) for name in names
    )
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCKS, number])
