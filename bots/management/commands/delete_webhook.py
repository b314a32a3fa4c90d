"""`manage.py delete_webhook`: Telegram delivers no more; the collector asks for what waits."""

from typing import Any

from django.core.management.base import BaseCommand

from bots.management.failures import one_line
from bots.webhook_setup import delete_webhook


class Command(BaseCommand):
    help = "Remove the bot's webhook. The updates that wait stay for collect_telegram."

    def handle(self, *_args: Any, **_options: Any) -> None:
        with one_line():
            before = delete_webhook()
        if not before.url:
            self.stdout.write(f"No webhook was set; {before.waiting} updates wait.")
        else:
            self.stdout.write(f"Removed {before.url}; {before.waiting} updates wait for collect_telegram.")
