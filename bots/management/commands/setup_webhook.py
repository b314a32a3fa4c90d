"""`manage.py setup_webhook`: Telegram delivers updates to this hub instead of being asked for them."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http.request import validate_host

from bots.management.failures import one_line
from bots.webhook_setup import set_webhook


class Command(BaseCommand):
    help = "Have Telegram deliver the bot's updates to this hub (TELEGRAM_WEBHOOK_SECRET must be set)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", default=settings.HUB_PUBLIC_URL, help="the hub's address (default: HUB_PUBLIC_URL)"
        )

    def handle(self, *_args: Any, url: str, **_options: Any) -> None:
        with one_line():
            state = set_webhook(url.strip())
        self.stdout.write(f"Telegram delivers to {state.url}; {state.waiting} updates wait.")
        host = urlsplit(state.url).hostname or ""
        if not validate_host(host, settings.ALLOWED_HOSTS):
            raise CommandError(
                f"The webhook is set, but DJANGO_ALLOWED_HOSTS does not name {host}: add it and start the "
                "web process again, or every delivery is refused."
            )
