"""The aiogram client on the configured Bot API, and Telegram's failures in our own words."""

from http import HTTPStatus
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.utils.token import TokenValidationError
from aiohttp import ClientTimeout
from django.conf import settings

from cvgorod_hub.common.external import ExternalServiceError
from cvgorod_hub.common.redaction import redact


class TokenRefusedError(ExternalServiceError):
    """The token is not a bot's; nothing will work until somebody gives another."""

    def __init__(self) -> None:
        super().__init__(
            "Telegram refused the bot token: check TELEGRAM_BOT_TOKEN (BotFather: /token).", permanent=True
        )


# How much of an answer is looked at to describe it: a proxy's page may have megabytes.
LOOKED_AT = 2000
# Seconds to wait where "too many requests" names none; Telegram's own word when it drops a request.
USUAL_PAUSE = 5


class CheckingSession(AiohttpSession):
    def check_response(
        self, bot: Bot, method: TelegramMethod[Any], status_code: int, content: str
    ) -> Response[Any]:
        """Answers that aiogram passes on as None, or breaks at, are failures like any other."""
        try:
            response = super().check_response(bot, method, status_code, content)
        except TypeError:  # it looks for a word in the description of a 5xx, which may have none
            raise TelegramServerError(method, "an answer without a description") from None
        if response.result is None:
            raise ClientDecodeError("An answer without a result", ValueError("result"), content)
        return response


# Seconds. Within them a connection is there, TLS included, or certainly nothing was asked.
CONNECT_SECONDS = 10.0


class OneCallSession(CheckingSession):
    """Opens a connection for each call and closes it after the answer."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._connector_init["force_close"] = True

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109  (aiogram's own name)
    ) -> TelegramType:
        """With a time of its own for the connection: where packets are dropped on the way to Telegram, the
        total alone would not tell a call that never left from one whose answer is missing.
        """
        total = self.timeout if timeout is None else timeout
        bounds = ClientTimeout(total=total, connect=min(CONNECT_SECONDS, total / 2))
        # aiogram hands it on to aiohttp, which takes either.
        return await super().make_request(bot, method, timeout=cast("int", bounds))

    def check_response(
        self, bot: Bot, method: TelegramMethod[Any], status_code: int, content: str
    ) -> Response[Any]:
        """A 429 took nothing, also where it names no pause or is a proxy's page (aiogram: unclear)."""
        try:
            return super().check_response(bot, method, status_code, content)
        except TelegramRetryAfter:
            raise
        except (TelegramAPIError, ClientDecodeError):
            if status_code != HTTPStatus.TOO_MANY_REQUESTS:
                raise
            raise TelegramRetryAfter(method, "Too Many Requests", USUAL_PAUSE) from None


def open_bot(*, keeps_connections: bool = True) -> Bot:
    """A client for `TELEGRAM_BOT_TOKEN` at `TELEGRAM_API_URL`; close its session after use."""
    session_class = CheckingSession if keeps_connections else OneCallSession
    session = session_class(api=TelegramAPIServer.from_base(settings.TELEGRAM_API_URL))
    try:
        return Bot(settings.TELEGRAM_BOT_TOKEN, session=session)
    except TokenValidationError:
        raise TokenRefusedError from None


# How a call can fail: UnicodeDecodeError is aiohttp's, where a proxy answers in some other encoding.
FAILURES = (TelegramAPIError, ClientDecodeError, UnicodeDecodeError, TimeoutError)


def translate(error: Exception) -> ExternalServiceError:
    """What went wrong, without the token that aiohttp puts into its texts."""
    if isinstance(error, TelegramUnauthorizedError | TelegramNotFound):
        return TokenRefusedError()
    retry_after = max(error.retry_after, 1) if isinstance(error, TelegramRetryAfter) else None
    return ExternalServiceError(describe(error), retry_after=retry_after)


def describe(error: Exception) -> str:
    """One line, at most 300 characters, without secrets."""
    text = (error.message if isinstance(error, TelegramAPIError) else str(error)) or ""
    text = text[:LOOKED_AT]
    name = type(error).__name__
    return redact(f"{name}: {' '.join(text.split())}" if text else name)[:300]
