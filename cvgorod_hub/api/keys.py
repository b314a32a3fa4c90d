"""Making, recognising, rotating, revoking API keys: `cvh_<lookup>_<secret>`; only a digest is stored."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from hmac import compare_digest

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import override

from cvgorod_hub.api.addresses import address_of
from cvgorod_hub.api.chats import directory
from cvgorod_hub.api.models import ENVIRONMENT_KEY_NAME, ApiKey, Scope, WebhookEndpoint
from cvgorod_hub.common.statements import Param, Statement, compile_values

PREFIX = "cvh"
# One write for many calls: `last_used_at` is true to the minute.
LAST_USED_EVERY = timedelta(minutes=1)
# How long the old secret goes on working, so that its holder can change over without haste.
USUAL_OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=30)

_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields]  # noqa: SLF001  (Django's documented name)
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


def recognise(text: str) -> ApiKey | None:
    """The key that this text is, usable or not; None where it is none of ours.

    The environment's key comes as an unsaved row named HUB_API_KEY that may do everything. One query, read
    anew for each call, so that what is revoked stays out at once; its columns are read without the ORM, which
    would take longer than PostgreSQL.
    """
    if _is_environment_key(text):
        return ApiKey(name=ENVIRONMENT_KEY_NAME, scopes=[Scope.ADMIN.value])
    prefix, _, rest = text.partition("_")
    lookup, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret or not lookup.isalnum() or not text.isascii():
        return None
    rows = _find().rows({"lookup": lookup})
    return _matching(ApiKey.from_db(DEFAULT_DB_ALIAS, _COLUMNS, rows[0]), _digest(text)) if rows else None


@cache
def _find() -> Statement:
    return compile_values(ApiKey.objects.filter(lookup=Param("lookup", TextField())).values_list(*_COLUMNS))


def _matching(key: ApiKey, digest: str) -> ApiKey | None:
    if compare_digest(key.digest, digest):
        return key
    if key.previous_digest and compare_digest(key.previous_digest, digest):
        key.has_previous_secret = True
        return key
    return None


def why_unusable(key: ApiKey) -> str | None:
    """A sentence for the caller, where the key or this secret of it does not work now."""
    if key.revoked_at is not None:
        return "The API key has been revoked."
    if key.is_expired:
        return "The API key has expired."
    if key.has_previous_secret and not key.previous_works:
        return "The API key has a new secret; this one works no longer."
    return None


def find_key(text: str) -> ApiKey | None:
    """The key that this text is, if it may be used now."""
    key = recognise(text)
    return key if key is not None and why_unusable(key) is None else None


def note_use(key: ApiKey, request: HttpRequest | None = None) -> None:
    """Remember that this secret was used, at most once a minute however many processes see it."""
    if not key.pk:
        return
    column = "previous_used_at" if key.has_previous_secret else "last_used_at"
    used_at: datetime | None = getattr(key, column)
    now = timezone.now()
    fresh_after = now - LAST_USED_EVERY
    if used_at is not None and used_at > fresh_after:
        return
    address = None if request is None else address_of(request)
    is_due = Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lte": fresh_after})
    ApiKey.objects.filter(is_due, pk=key.pk).update(**{column: now, "last_used_from": address})


def spread_over_moves(chat_ids: Iterable[int]) -> list[int]:
    """The list as a key or a webhook keeps it: a group that moved stands in it under both ids."""
    wanted = set(chat_ids)
    return sorted(directory().with_moves(wanted)) if wanted else []


def follow_chat(*, old_id: int, new_id: int) -> None:
    """A group goes on under another id: whichever key sees it, or webhook hears of it, does so there, too."""
    for model in (ApiKey, WebhookEndpoint):
        limited = model._default_manager.filter(chat_ids__contains=[old_id])  # noqa: SLF001  (Django's documented name)
        limited.exclude(chat_ids__contains=[new_id]).update(
            chat_ids=Func(F("chat_ids"), Value(new_id), function="array_append")
        )


def _renew_secret(key: ApiKey) -> str:
    text = f"{PREFIX}_{key.lookup}_{secrets.token_urlsafe(32)}"
    key.digest = _digest(text)
    return text


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
