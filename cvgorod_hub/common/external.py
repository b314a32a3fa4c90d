"""A neighbour's failure, said once, at the edge, in our own words."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

from django.utils import timezone

from cvgorod_hub.common.redaction import redact


class ExternalServiceError(Exception):
    """A call to Telegram, DeepSeek or Yandex did not do what was asked.

    `permanent`: asking again will not help. `retry_after`: seconds to wait, where the neighbour said so.
    The message holds no secret, whatever it was made of: it is stored, shown and logged.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(redact(message))
        self.permanent = permanent
        self.retry_after = retry_after


def read_retry_after(text: str) -> timedelta:
    """Seconds or an HTTP date (RFC 9110, 10.2.3); nothing where it is neither, or past."""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text)
        return max(moment - timezone.now(), timedelta(0))
    except (ValueError, TypeError):  # TypeError: a date without a zone
        return timedelta(0)
