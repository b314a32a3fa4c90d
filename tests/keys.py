"""API keys, as a test looks at them."""

from cvgorod_hub.api.keys import recognise, why_unusable
from cvgorod_hub.api.models import ApiKey


def find_key(text: str) -> ApiKey | None:
    """The key that this text is, if a call could use it now."""
    key = recognise(text)
    return key if key is not None and why_unusable(key) is None else None
