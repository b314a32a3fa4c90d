"""Making, rotating, revoking API keys: `cvh_<lookup>_<secret>`; only a digest is stored."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import override

from cvgorod_hub.api.chats import spread_over_moves
from cvgorod_hub.api.models import ApiKey, Scope

# How long the old secret goes on working, so that its holder can change over without haste.
USUAL_OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=30)

_ROTATED = ("digest", "previous_digest", "previous_until", "previous_used_at", "rotated_at", "created_by")


class RotationRefusedError(Exception):
    """The key gets no new secret; the sentence says why."""


def create_key(
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    chat_ids: Iterable[int] = (),
    calls_per_minute: int | None = None,
    created_by: AbstractBaseUser | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key; the second value is the key itself, which nobody can read again.

    Raises ValueError, with a sentence, for what a key cannot have, IntegrityError for a name in use.
    """
    key = ApiKey(
        name=name,
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        chat_ids=spread_over_moves(chat_ids),
        calls_per_minute=calls_per_minute,
        created_by_id=_pk_of(created_by),
    )
    _check(key)
    text = assign_secret(key)
    key.save(force_insert=True)
    return key, text


def _check(key: ApiKey) -> None:
    """Raises ValueError with the first reason why there can be no such new key."""
    if not key.scopes or set(key.scopes) - set(Scope.values):
        raise ValueError(f"Scopes are one or more of: {', '.join(Scope.values)}.")
    if key.is_expired:
        raise ValueError("The key would be expired from the start: that time has passed.")
    try:
        with override("en"):  # as whoever makes keys by command or program reads it
            key.clean_fields(exclude={"lookup", "digest", "scopes", "created_by"})
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ValueError(f"{field}: {messages[0]}") from None


def assign_secret(key: ApiKey) -> str:
    """Give an unsaved key its lookup and digest; returns the key as its holder types it."""
    key.lookup = secrets.token_hex(6)
    key.previous_digest, key.previous_until = "", None
    return _renew_secret(key)


def rotate(
    key_id: int,
    *,
    overlap: timedelta = USUAL_OVERLAP,
    owner: AbstractBaseUser | None = None,
    seen: datetime | None = None,
    check_seen: bool = False,
) -> tuple[ApiKey, str]:
    """Give the key a new secret; the old one works for `overlap` longer (nothing: not any more).

    What an older rotation had left stops at once. `owner` answers for the key from now on; without one it
    stays whose it was. With `check_seen`, only where the secret is still the one of `seen` (`rotated_at`).
    Raises RotationRefusedError; ApiKey.DoesNotExist.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise RotationRefusedError(f"An overlap is between nothing and {LONGEST_OVERLAP.days} days.")
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().get(pk=key_id)
        if check_seen and key.rotated_at != seen:
            raise RotationRefusedError("The key was given a new secret meanwhile; nothing was done.")
        if not key.is_usable:
            word = "revoked" if key.revoked_at is not None else "expired"
            raise RotationRefusedError(f"The key is {word}; make a new one.")
        now = timezone.now()
        key.previous_digest, key.previous_until, key.previous_used_at = key.digest, now + overlap, None
        key.rotated_at = now
        if owner is not None:
            key.created_by_id = owner.pk
        text = _renew_secret(key)
        key.save(update_fields=_ROTATED)
    return key, text


def revoke(keys: QuerySet[ApiKey]) -> int:
    """From the next request on, in every process; how many of them were not revoked before."""
    return keys.filter(revoked_at=None).update(revoked_at=timezone.now())


def _renew_secret(key: ApiKey) -> str:
    text = f"{key.beginning}_{secrets.token_urlsafe(32)}"
    key.digest = digest_of(text)
    return text


def digest_of(text: str) -> str:
    """What is stored of a key."""
    # A secret of 256 random bits needs no slow hash: there is nothing to guess.
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _pk_of(account: AbstractBaseUser | None) -> int | None:
    return None if account is None else account.pk
