"""The daily report, and the mail server that takes it."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub.common.redaction import redact

env = environ.Env()

# --- Mail ---
_mail_url: str = env.str("EMAIL_URL", default="").strip()
try:
    _mail: dict[str, Any] = environ.Env.email_url_config(_mail_url) if _mail_url else {}
except (ImproperlyConfigured, KeyError, ValueError):
    _mail = {}
if _mail_url and not _mail:
    raise ImproperlyConfigured(
        f"EMAIL_URL cannot be read: {redact(_mail_url)!r} (one is smtp+tls://user:password@host:587)."
    )
EMAIL_BACKEND: str = _mail.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST: str = _mail.get("EMAIL_HOST") or "localhost"
EMAIL_PORT: int = _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER: str = _mail.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD: str = _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS: bool = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = _mail.get("EMAIL_USE_SSL", False)
# Seconds, for each step of the talk with the server; the whole of it is bounded where it is sent. A server
# that looks for spam before its last answer takes its time (RFC 5321 4.5.3.2.6 grants ten minutes), and who
# does not wait for it sends the report once more.
EMAIL_TIMEOUT = 50

# --- The daily report ---
HUB_REPORT_EMAIL: list[str] = [
    address.strip() for address in env.list("HUB_REPORT_EMAIL", default=[]) if address.strip()
]
if wrong := [address for address in HUB_REPORT_EMAIL if "@" not in address]:
    raise ImproperlyConfigured(f"HUB_REPORT_EMAIL is not a list of addresses: {wrong[0]!r}.")
if HUB_REPORT_EMAIL and not _mail:
    raise ImproperlyConfigured(
        "HUB_REPORT_EMAIL is set, and EMAIL_URL is not: say which server takes the mail "
        "(smtp+tls://user:password@host:587)."
    )
# A mail server refuses a sender that it does not know; mostly it is who logs in.
DEFAULT_FROM_EMAIL: str = env.str("HUB_REPORT_FROM", default="").strip() or (
    EMAIL_HOST_USER if "@" in EMAIL_HOST_USER else "hub@localhost"
)
_report_chat: str = env.str("HUB_REPORT_CHAT_ID", default="").strip()
try:
    HUB_REPORT_CHAT_ID: int | None = int(_report_chat) if _report_chat else None
except ValueError:
    raise ImproperlyConfigured(
        f"HUB_REPORT_CHAT_ID is not the number of a chat: {_report_chat!r} (one is -1001234567890)."
    ) from None
# In the hub's time zone.
_report_hour: str = env.str("HUB_REPORT_HOUR", default="").strip() or "9"
if not (_report_hour.isascii() and _report_hour.isdigit() and int(_report_hour) < 24):
    raise ImproperlyConfigured(f"HUB_REPORT_HOUR is not an hour from 0 to 23: {_report_hour!r}.")
HUB_REPORT_HOUR = int(_report_hour)
