"""Telegram told to deliver to this hub, or to stop; what waits is never dropped."""

import re
import time
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import TelegramMethod
from django.conf import settings

from bots.calls import call
from bots.client import FAILURES, describe, translate
from bots.methods import DeleteWebhook, GetMe, GetWebhookInfo, SetWebhook
from bots.models import webhook_path
from bots.poller_lock import PollerLock
from bots.watching import note_polling_begins, note_webhook, register_bot
from cvgorod_hub.common.external import ExternalServiceError

Answer = TypeVar("Answer")

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # Bot API, setWebhook: secret_token
PORTS = (443, 80, 88, 8443)  # Bot API, setWebhook: "Ports currently supported for webhooks"
# Telegram's default is 40; each delivery is a short transaction, and more at once only wait for each other.
MAX_CONNECTIONS = 10
CALL_SECONDS = 20
TRIES = 3
USUAL_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0


class WebhookConfigurationError(Exception):
    """What must be set first; one line that says what."""


@dataclass(frozen=True)
class WebhookState:
    """`url` is where Telegram delivers ("" nowhere), `waiting` how many updates it has not delivered."""

    url: str
    waiting: int


def set_webhook(public_url: str) -> WebhookState:
    """Have updates delivered to this hub at `public_url`; returns what Telegram then says.

    Raises WebhookConfigurationError, ExternalServiceError, and PollerLockError while a collector runs.
    """
    _check_secret()
    address = webhook_address(public_url, bot_id=0)  # refuse before asking Telegram anything
    bot_id = _bot_id()
    lock = PollerLock(bot_id)
    lock.hold()
    try:
        address = webhook_address(public_url, bot_id=bot_id)
        _ask(
            SetWebhook(
                url=address,
                secret_token=settings.TELEGRAM_WEBHOOK_SECRET,
                max_connections=MAX_CONNECTIONS,
            )
        )
        return _state(bot_id)
    finally:
        lock.release()


def delete_webhook() -> WebhookState:
    """Have no updates delivered any more; returns what was set. What waits is left to the collector."""
    bot_id = _bot_id()
    before = _state(bot_id)
    if before.url:
        _ask(DeleteWebhook())
        _state(bot_id)
        note_polling_begins(bot_id)
    return before


def webhook_address(public_url: str, *, bot_id: int) -> str:
    """Where Telegram shall deliver this bot's updates; raises WebhookConfigurationError."""
    try:
        parts = urlsplit(public_url)
        port = parts.port
    except ValueError:
        raise WebhookConfigurationError(
            f"{public_url} is not an address; one is https://hub.example.com."
        ) from None
    if parts.scheme != "https" or not parts.hostname:
        raise WebhookConfigurationError(
            f"Telegram delivers to https:// only, and the hub's address is {public_url}. "
            "Set HUB_PUBLIC_URL, or give --url."
        )
    if port is not None and port not in PORTS:
        raise WebhookConfigurationError(
            f"Telegram delivers to the ports {', '.join(map(str, PORTS))} only, not to {port}."
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise WebhookConfigurationError(
            "The hub's address may hold a host and a path only, as https://hub.example.com/hub."
        )
    return public_url.rstrip("/") + webhook_path(bot_id)


def _check_secret() -> None:
    secret = settings.TELEGRAM_WEBHOOK_SECRET
    if not secret:
        raise WebhookConfigurationError(
            "TELEGRAM_WEBHOOK_SECRET is not set: give the hub one of 1 to 256 of A-Z a-z 0-9 _ -."
        )
    if not SECRET.fullmatch(secret):
        raise WebhookConfigurationError("TELEGRAM_WEBHOOK_SECRET must be 1 to 256 of A-Z a-z 0-9 _ -.")


def _bot_id() -> int:
    if not settings.TELEGRAM_BOT_TOKEN:
        raise WebhookConfigurationError("TELEGRAM_BOT_TOKEN is not set: take it from @BotFather.")
    return register_bot(_ask(GetMe()))


def _state(bot_id: int) -> WebhookState:
    info: dict[str, Any] = _ask(GetWebhookInfo())
    note_webhook(bot_id, info)
    waiting = info.get("pending_update_count")
    return WebhookState(url=str(info.get("url") or ""), waiting=waiting if isinstance(waiting, int) else 0)


def _ask(method: TelegramMethod[Answer]) -> Answer:
    """The answer, from the third try at the latest; each call here does the same when it is repeated."""
    tries_left = TRIES
    while True:
        tries_left -= 1
        try:
            return call(method, deadline=CALL_SECONDS)
        except TelegramBadRequest as error:
            raise ExternalServiceError(describe(error), permanent=True) from None
        except FAILURES as error:
            failure = translate(error)
        pause = failure.retry_after or USUAL_PAUSE_SECONDS
        if failure.permanent or not tries_left or pause > LONGEST_PAUSE_SECONDS:
            raise failure
        time.sleep(pause)
