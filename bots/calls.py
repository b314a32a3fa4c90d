"""One call of the Bot API from code that is not async, in any thread.

All calls of a process share one event loop in a thread of its own, one client and one TLS context (loading
the certificates costs 45 ms). A connection serves one call: a kept one that Telegram has just closed
would make the outcome of a send unknown.
"""

import asyncio
import atexit
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.methods import TelegramMethod
from django.conf import settings

from bots.client import open_bot

Answer = TypeVar("Answer")
# Seconds that the loop itself may need beyond a call's deadline.
SLACK_SECONDS = 5


def call(method: TelegramMethod[Answer], *, deadline: float) -> Answer:
    """The method's answer within `deadline` seconds; raises bots.client.FAILURES and TokenRefusedError."""
    return run(lambda bot: bot(method, request_timeout=max(1, round(deadline))), deadline=deadline)


def run(work: Callable[[Bot], Coroutine[Any, Any, Answer]], *, deadline: float) -> Answer:
    """What `work` returns within `deadline` seconds, on the process's client; raises what it raises,
    TimeoutError and TokenRefusedError.
    """
    bot, loop = prepare()

    async def within() -> Answer:
        async with asyncio.timeout(deadline):
            return await work(bot)

    return _run(within(), loop, deadline + SLACK_SECONDS)


def prepare() -> tuple[Bot, asyncio.AbstractEventLoop]:
    """The process's client and its loop, made now unless they are there; raises TokenRefusedError."""
    with _starting:
        return _bot(settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_API_URL), _loop()


# Held while the client or the loop is made: two threads must not make two.
_starting = threading.Lock()


@functools.cache
def _bot(_token: str, _url: str) -> Bot:
    """The client for these settings, which only tests ever change."""
    bot = open_bot(keeps_connections=False)
    atexit.register(lambda: _run(bot.session.close(), _loop(), SLACK_SECONDS))
    return bot


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="bot-api", daemon=True).start()
    return loop


def _run(work: Coroutine[Any, Any, Answer], loop: asyncio.AbstractEventLoop, seconds: float) -> Answer:
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result(seconds)
    except TimeoutError:
        # Whoever asked has given up; what has not begun must not begin any more.
        future.cancel()
        raise
