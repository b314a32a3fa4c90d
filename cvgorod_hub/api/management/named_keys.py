"""Keys as people name them on the command line."""

from django.core.management.base import CommandError

from cvgorod_hub.api.models import ApiKey


def get_key(name: str) -> ApiKey:
    """Raises CommandError, one line, where there is none of this name."""
    try:
        return ApiKey.objects.get(name=name.strip())
    except ApiKey.DoesNotExist:
        raise CommandError(f"There is no key named '{name.strip()}'.") from None
