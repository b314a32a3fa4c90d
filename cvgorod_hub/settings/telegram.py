"""The bot, and what is sent through it."""

import environ
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment

env = environ.Env()

TELEGRAM_BOT_TOKEN: str = env.str("TELEGRAM_BOT_TOKEN", default="")
TELEGRAM_API_URL: str = env.str("TELEGRAM_API_URL", default="https://api.telegram.org").rstrip("/")
# The chat in which replies wait on cards to be approved; none without it.
_review_chat: str = env.str("TELEGRAM_REVIEW_CHAT_ID", default="").strip()
try:
    TELEGRAM_REVIEW_CHAT_ID: int | None = int(_review_chat) if _review_chat else None
except ValueError:
    raise ImproperlyConfigured(
        f"TELEGRAM_REVIEW_CHAT_ID is not the number of a chat: {_review_chat!r} (one is -1001234567890)."
    ) from None
# How long an update that was read stays as it came; 0: for ever. Ten years are more than anybody asks for.
RAW_UPDATES_KEEP_DAYS = environment.days("RAW_UPDATES_KEEP_DAYS", default=30, most=3650)
# Where people open the hub; cards link to it.
HUB_PUBLIC_URL: str = (
    env.str("HUB_PUBLIC_URL", default="") or f"http://127.0.0.1:{env.str('HUB_PORT', default='') or 8300}"
).rstrip("/")
if not HUB_PUBLIC_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured(
        f"HUB_PUBLIC_URL is not an address: {HUB_PUBLIC_URL!r} (one is https://hub.example.com)."
    )
# What Telegram says in a header of each delivery to the webhook; without it there is no webhook.
TELEGRAM_WEBHOOK_SECRET: str = env.str("TELEGRAM_WEBHOOK_SECRET", default="").strip()
# How sandbox reaches Telegram: a class with one `send` (sandbox/transport.py says its shape).
SANDBOX_TRANSPORT: str = env.str("SANDBOX_TRANSPORT", default="bots.transport.TelegramTransport")
# Seconds. A send is over, one way or the other, before a row counts as interrupted.
SEND_DEADLINE_SECONDS = 30
SEND_INTERRUPTED_AFTER_SECONDS = 90
SEND_WITHOUT_LINK_PREVIEW: bool = env.bool("SEND_WITHOUT_LINK_PREVIEW", default=True)
# Shown in the admin: the simulated Telegram of the demo stands behind TELEGRAM_API_URL.
HUB_DEMO: bool = env.bool("HUB_DEMO", default=False)
