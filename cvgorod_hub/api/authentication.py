"""Who calls: `X-API-Key: …` or `Authorization: Bearer …`."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from cvgorod_hub.api.keys import note_use, recognise
from cvgorod_hub.api.models import ApiKey


class ApiKeyAuthentication(BaseAuthentication):
    """`request.auth` is the ApiKey (unsaved for the environment's key).

    `request.user` stays None: a key is a program, and nothing may take it for an account of the admin.
    """

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        text = _presented_key(request)
        if text is None:
            return None
        key = recognise(text)
        if key is None:
            raise AuthenticationFailed("The API key is not known here.")
        if key.revoked_at is not None:
            raise AuthenticationFailed("The API key has been revoked.")
        if not key.is_usable:
            raise AuthenticationFailed("The API key has expired.")
        note_use(key)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="cvgorod-hub"'


def _presented_key(request: Request) -> str | None:
    if text := request.headers.get("X-API-Key"):
        return text.strip()
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None
