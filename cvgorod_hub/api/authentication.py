"""Who calls: `X-API-Key: …` or `Authorization: Bearer …`."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from cvgorod_hub.api.keys.callers import address_of, network_of
from cvgorod_hub.api.keys.limits import spend_call, spend_failure
from cvgorod_hub.api.keys.recognition import note_use, recognise, why_unusable
from cvgorod_hub.api.models import ApiKey

# In `request.META`, for the journal: the key of this call, also one that does not work any more.
KEY = "hub.api_key"


class ApiKeyAuthentication(BaseAuthentication):
    """`request.auth` is the ApiKey (unsaved for the environment's key).

    `request.user` stays None: a key is a program, and nothing may take it for an account of the admin.
    Refusals: 401, and 429 beyond the key's limit or after too many wrong keys from one address.
    """

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        text = _presented_key(request)
        if text is None:
            return None
        key = recognise(text)
        if key is None:
            raise _refusal(request, "The API key is not known here.")
        request.META[KEY] = key
        if (sentence := why_unusable(key)) is not None:
            raise _refusal(request, sentence)
        spend_call(key)
        note_use(key, request)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="cvgorod-hub"'


def _refusal(request: Request, sentence: str) -> AuthenticationFailed:
    """Raises TooManyCallsError instead where this has come too often."""
    spend_failure(network_of(address_of(request)), sentence)
    return AuthenticationFailed(sentence)


def _presented_key(request: Request) -> str | None:
    # Of META: `request.headers` would take all headers apart, for each call.
    if text := request.META.get("HTTP_X_API_KEY"):
        return str(text).strip()
    kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None
