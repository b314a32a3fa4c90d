"""Run the demo agent against a hub's public API."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bots.demo.agent import DemoAgent
from bots.demo.hub import Hub, KeyRefusedError
from bots.demo.stopping import StopSignal


class Command(BaseCommand):
    help = "Read what clients write over the API and propose canned replies for a manager to approve."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8300", help="where the hub answers")
        parser.add_argument(
            "--key",
            default=os.environ.get("DEMO_AGENT_KEY"),
            help="an API key with the scopes read, propose (or DEMO_AGENT_KEY, which `ps` does not show)",
        )
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between looks (5)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["key"]:
            raise CommandError("The agent needs an API key: --key, or DEMO_AGENT_KEY.")
        hub = Hub(url=options["url"], key=options["key"])
        with StopSignal() as stop:
            try:
                DemoAgent(hub).run(stop=stop, interval=options["interval"])
            except KeyRefusedError as error:
                raise CommandError(str(error)) from None
            finally:
                hub.close()
