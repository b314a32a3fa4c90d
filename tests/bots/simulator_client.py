"""Two ways to talk to the simulated Telegram in tests: plain HTTP, and aiogram."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import requests
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bots.simulator import SimulatedTelegram

SECONDS = 10

Found = TypeVar("Found")


def call(telegram: SimulatedTelegram, method: str, **params: Any) -> requests.Response:
    return requests.post(f"{telegram.url}/bot{telegram.token}/{method}", data=params, timeout=SECONDS)


def update_ids(telegram: SimulatedTelegram, **params: Any) -> list[int]:
    answer = call(telegram, "getUpdates", **params).json()
    return [update["update_id"] for update in answer["result"]]


def with_aiogram(telegram: SimulatedTelegram, use: Callable[[Bot], Awaitable[Found]]) -> Found:
    """What `use` returns for a real aiogram bot whose API is the simulator."""

    async def run() -> Found:
        server = TelegramAPIServer.from_base(telegram.url)
        async with Bot(telegram.token, session=AiohttpSession(api=server)) as bot:
            return await use(bot)

    return asyncio.run(run())
