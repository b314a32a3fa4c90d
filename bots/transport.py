"""Replies to Telegram: one attempt, and what its end means (the Bot API's errors, told apart by type)."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from django.conf import settings

from bots.calls import Answer, call, prepare
from bots.client import FAILURES, TokenRefusedError, describe
from bots.methods import SendMessage
from bots.models import TelegramBot
from sandbox.transport import Outcome, SentMessage, TransportError


class TelegramTransport:
    """Sends through `TELEGRAM_BOT_TOKEN`; one call, one attempt, one connection."""

    def __init__(self) -> None:
        with suppress(TokenRefusedError):  # the send says so
            prepare()

    def send(self, *, chat_id: int, text: str, reply_to_message_id: int | None) -> SentMessage:
        reply = None
        if reply_to_message_id is not None:
            # A question that its author deleted is still answered.
            reply = {"message_id": reply_to_message_id, "allow_sending_without_reply": True}
        method = SendMessage(
            chat_id=chat_id,
            text=text,
            reply_parameters=reply,
            link_preview_options={"is_disabled": True} if settings.SEND_WITHOUT_LINK_PREVIEW else None,
        )
        return _sent(call_once(method, seconds=settings.SEND_DEADLINE_SECONDS), chat_id)


def call_once(method: TelegramMethod[Answer], *, seconds: float) -> Answer:
    """What Telegram answers to one call, within so long all in all; raises TransportError."""
    try:
        return call(method, deadline=seconds)
    except FAILURES as error:
        raise judge(error) from None
    except TokenRefusedError as error:
        raise TransportError(str(error), outcome=Outcome.NOT_SENT, stop_all=True) from None


def judge(error: Exception) -> TransportError:
    """Whether the message may have arrived. What is not certainly one or the other is unknown."""
    text = describe(error)
    match error:
        case TelegramRetryAfter():
            return TransportError(text, outcome=Outcome.NOT_SENT, retry_after=max(error.retry_after, 1))
        case TelegramMigrateToChat():
            return TransportError(text, outcome=Outcome.NOT_SENT, migrated_to=error.migrate_to_chat_id)
        case TelegramUnauthorizedError() | TelegramNotFound():
            return TransportError(str(TokenRefusedError()), outcome=Outcome.NOT_SENT, stop_all=True)
        case TelegramConflictError():
            return TransportError(text, outcome=Outcome.NOT_SENT)
        case TelegramForbiddenError():
            return TransportError(text, outcome=Outcome.REFUSED, chat_unreachable=True)
        case TelegramBadRequest() | TelegramEntityTooLarge():
            return TransportError(text, outcome=Outcome.REFUSED)
        case TelegramNetworkError(
            __cause__=aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError()
        ):
            return TransportError(text, outcome=Outcome.NOT_SENT)
        case _:
            return TransportError(text, outcome=Outcome.UNKNOWN)


def _sent(answer: dict[str, Any], chat_id: int) -> SentMessage:
    """Telegram took the message; what its answer lacks is filled in, but for the id that names it."""
    if not isinstance(answer, dict) or not isinstance(answer.get("message_id"), int):
        raise TransportError("the answer to a send names no message", outcome=Outcome.UNKNOWN)
    sender = answer.get("from") if isinstance(answer.get("from"), dict) else {}
    # Asked only where the answer does not say it: a database that fails here would hide that it was sent.
    is_named = sender and sender.get("username") and sender.get("first_name")
    bot = None if is_named else TelegramBot.objects.filter(pk=_own_id()).first()
    date = answer.get("date")
    return SentMessage(
        chat_id=chat_id,
        telegram_message_id=answer["message_id"],
        sent_at=datetime.fromtimestamp(date, UTC) if isinstance(date, int) else datetime.now(UTC),
        sender_id=_own_id(),
        sender_username=(sender or {}).get("username") or (bot.username if bot else ""),
        sender_name=(sender or {}).get("first_name") or (bot.name if bot else ""),
    )


def _own_id() -> int:
    """A bot's token begins with its id."""
    return int(settings.TELEGRAM_BOT_TOKEN.partition(":")[0])
