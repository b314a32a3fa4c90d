"""Making and recognising API keys: `cvh_<lookup>_<secret>`, of which only a digest is stored."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hmac import compare_digest

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone

from cvgorod_hub.api.models import ApiKey, Scope

PREFIX = "cvh"
ENVIRONMENT_KEY_NAME = "HUB_API_KEY"
# One write for many calls: `last_used_at` is true to the minute.
LAST_USED_EVERY = timedelta(minutes=1)


def create_key(
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    created_by: AbstractBaseUser | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key; the second value is the key itself, which nobody can read again.

    Raises ValueError for a scope that does not exist, IntegrityError for a name in use.
    """
    wanted = set(scopes)
    if not wanted or wanted - set(Scope.values):
        raise ValueError(f"Scopes are one or more of: {', '.join(Scope.values)}.")
    key = ApiKey(name=name, scopes=sorted(wanted), expires_at=expires_at, created_by_id=_pk_of(created_by))
    text = assign_secret(key)
    key.save(force_insert=True)
    return key, text


def assign_secret(key: ApiKey) -> str:
    """Give an unsaved key its lookup and digest; returns the key as its holder types it."""
    key.lookup = secrets.token_hex(6)
    text = f"{PREFIX}_{key.lookup}_{secrets.token_urlsafe(32)}"
    key.digest = _digest(text)
    return text


def recognise(text: str) -> ApiKey | None:
    """The key that this text is, usable or not; None where it is none of ours.

    The environment's key comes as an unsaved row named HUB_API_KEY that may do everything.
    """
    if _is_environment_key(text):
        return ApiKey(name=ENVIRONMENT_KEY_NAME, scopes=[Scope.ADMIN.value])
    prefix, _, rest = text.partition("_")
    lookup, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret or not lookup.isalnum() or not text.isascii():
        return None
    key = ApiKey.objects.filter(lookup=lookup).first()
    return key if key is not None and compare_digest(key.digest, _digest(text)) else None


def find_key(text: str) -> ApiKey | None:
    """The key that this text is, if it may be used now."""
    key = recognise(text)
    return key if key is not None and key.is_usable else None


def note_use(key: ApiKey) -> None:
    """Remember that the key was used, at most once a minute however many processes see it."""
    now = timezone.now()
    fresh_after = now - LAST_USED_EVERY
    if key.pk is None or (key.last_used_at is not None and key.last_used_at > fresh_after):
        return
    is_due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=fresh_after)
    ApiKey.objects.filter(is_due, pk=key.pk).update(last_used_at=now)


def _is_environment_key(text: str) -> bool:
    expected: str = settings.HUB_API_KEY
    return bool(expected) and compare_digest(
        text.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )


def _digest(text: str) -> str:
    # A secret of 256 random bits needs no slow hash: there is nothing to guess.
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _pk_of(account: AbstractBaseUser | None) -> int | None:
    return None if account is None else account.pk
