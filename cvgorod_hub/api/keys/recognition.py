"""Whose call it is: the key behind a text, whether it works now, and when it was used last."""

from datetime import datetime, timedelta
from functools import cache
from hmac import compare_digest

from django.conf import settings
from django.db.models import Q, TextField
from django.http import HttpRequest
from django.utils import timezone

from cvgorod_hub.api.keys.callers import address_of
from cvgorod_hub.api.keys.issuing import digest_of
from cvgorod_hub.api.models import ENVIRONMENT_KEY_NAME, KEY_PREFIX, ApiKey, Scope
from cvgorod_hub.common.statements import Loader, Param, compile_loader

# One write for many calls: `last_used_at` is true to the minute.
LAST_USED_EVERY = timedelta(minutes=1)


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
    if prefix != KEY_PREFIX or not secret or not lookup.isalnum() or not text.isascii():
        return None
    found = _by_lookup().load({"lookup": lookup})
    return _matching(found[0], digest_of(text)) if found else None


@cache
def _by_lookup() -> Loader[ApiKey]:
    return compile_loader(ApiKey.objects.filter(lookup=Param("lookup", TextField())))


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


def _is_environment_key(text: str) -> bool:
    expected: str = settings.HUB_API_KEY
    return bool(expected) and compare_digest(
        text.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
