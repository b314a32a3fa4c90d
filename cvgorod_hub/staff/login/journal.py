"""Logins, logouts and refusals, a line each; never a password or a code, nor a name that no account has.

login account="anna" from 203.0.113.7 step=code
"""

import json
import logging

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest

from cvgorod_hub.api.keys.callers import address_of

logger = logging.getLogger(__name__)


def note(
    what: str, request: HttpRequest, account: AbstractBaseUser | AnonymousUser | None, **fields: str
) -> None:
    """An event that is as it should be; `account` None: no account has the name that was typed."""
    _log(logging.INFO, what, request, account, fields)


def note_refusal(request: HttpRequest, account: AbstractBaseUser | None, **fields: str) -> None:
    _log(logging.WARNING, "login refused", request, account, fields)


def _log(
    level: int,
    what: str,
    request: HttpRequest,
    account: AbstractBaseUser | AnonymousUser | None,
    fields: dict[str, str],
) -> None:
    name = account.get_username() if account is not None else None
    more = "".join(f" {key}={value}" for key, value in fields.items())
    quoted = json.dumps(name, ensure_ascii=False)
    logger.log(level, "%s account=%s from %s%s", what, quoted, address_of(request) or "?", more)
