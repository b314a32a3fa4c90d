"""`manage.py collect_telegram`: everything that clients write, from Telegram into the database."""

import asyncio
import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.client import open_bot
from bots.collector import Collector
from bots.management.failures import one_line


class Command(BaseCommand):
    # Checks of the admin's and the API's addresses would be half of its start.
    requires_system_checks = []
    help = "Collect the messages of the bot's chats by long polling, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="take what is waiting, then stop")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:
        if not settings.TELEGRAM_BOT_TOKEN:
            raise CommandError("TELEGRAM_BOT_TOKEN is not set.", returncode=os.EX_CONFIG)
        with one_line():
            asyncio.run(collect(once=once))
        self.stderr.write("collector stopped")
        sys.stderr.flush()


async def collect(*, once: bool) -> None:
    async with open_bot() as bot:
        collector = Collector(bot=bot, once=once)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, collector.stop.set)
        await collector.run()
