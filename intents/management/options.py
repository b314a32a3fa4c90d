"""Options that commands of this room share."""

from datetime import datetime

from django.core.management.base import CommandError

from cvgorod_hub.common.dates import read_moment


def moment(name: str, text: str | None) -> datetime | None:
    """The moment that an option names. Raises CommandError with one clear line."""
    if text is None:
        return None
    try:
        return read_moment(text)
    except ValueError:
        raise CommandError(f"--{name} {text}: not a date. Write 2026-11-22 or 2026-11-22T09:30.") from None
