"""`manage.py collect_telegram`: everything that clients write, from Telegram into the database."""

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.client import open_bot
from bots.collector import Collector
from bots.management.failures import one_line
from cvgorod_hub.common import heartbeat
from cvgorod_hub.common.alive import SAID_EVERY, Kind, say_alive, say_gone

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    # Checks of the admin's and the API's addresses would be half of its start.
    requires_system_checks = []
    help = "Collect the messages of the bot's chats by long polling, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="take what is waiting, then stop")
        parser.add_argument(
            "--stay",
            action="store_true",
            help="where it cannot run as it is set up, say so and wait to be stopped: for a supervisor that "
            "starts again whatever ends",
        )

    def handle(self, *_args: Any, once: bool, stay: bool, **_options: Any) -> None:
        try:
            self._collect(once=once)
        except CommandError as error:
            if not stay:
                raise
            if error.returncode != os.EX_CONFIG:
                logger.error("%s", error)
                sys.exit(error.returncode)
            logger.error("%s Nothing is collected until this is set up and started anew.", error)
            wait_to_be_stopped()
        logger.info("collector stopped")

    def _collect(self, *, once: bool) -> None:
        if not settings.TELEGRAM_BOT_TOKEN:
            heartbeat.mark_idle()
            raise CommandError("TELEGRAM_BOT_TOKEN is not set.", returncode=os.EX_CONFIG)
        with one_line():
            asyncio.run(collect(once=once))


async def collect(*, once: bool) -> None:
    async with open_bot() as bot:
        collector = Collector(bot=bot, once=once)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, collector.stop.set)
        showing = None if once else asyncio.create_task(show_life())
        try:
            await collector.run()
        finally:
            if showing is not None:
                showing.cancel()
                await asyncio.to_thread(say_gone, Kind.COLLECTOR, settings.REDIS_URL)


async def show_life() -> None:
    """For as long as the loop goes round; whether Telegram answers stands on the bot's row."""
    while True:
        await asyncio.to_thread(say_alive, Kind.COLLECTOR, settings.REDIS_URL)
        await asyncio.sleep(SAID_EVERY)


def wait_to_be_stopped() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
