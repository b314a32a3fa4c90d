"""Serve the simulated Telegram on loopback, with or without living chats."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bots.demo.stopping import StopSignal
from bots.simulator import DEFAULT_TOKEN, SimulatedTelegram
from bots.simulator.scenario.talk import Talk


class Command(BaseCommand):
    help = "A Bot API on 127.0.0.1 for the demo and for trying things out; its page shows the chats."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8310, help="default: 8310; 0 takes a free one")
        parser.add_argument("--token", default=DEFAULT_TOKEN, help="the token that it answers to")
        parser.add_argument("--talk", action="store_true", help="invented client groups write")
        parser.add_argument("--interval", type=float, help="seconds between messages (8-15)")
        parser.add_argument("--seed", type=int, help="say the same things every time")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["token"].split(":")[0]
        if not number.isdecimal():
            raise CommandError("--token must look like 123456:letters, as Telegram's do.")
        telegram = SimulatedTelegram(token=options["token"], port=options["port"])
        with StopSignal() as stop:
            try:
                telegram.start()
            except OSError as error:
                raise CommandError(
                    f"Port {options['port']} of 127.0.0.1 cannot be used: {error.strerror}."
                ) from None
            try:
                self._announce(telegram)
                if options["talk"]:
                    talk = Talk(telegram, seed=options["seed"])
                    talk.backlog()
                    while not stop.wait(talk.pause(options["interval"])):
                        talk.step()
                stop.wait()
            finally:
                telegram.stop()

    def _announce(self, telegram: SimulatedTelegram) -> None:
        self.stdout.write(
            f"Simulated Telegram: {telegram.url}/ (the chats)\n"
            f"TELEGRAM_API_URL={telegram.url}\n"
            f"TELEGRAM_BOT_TOKEN={telegram.token}"
        )
        self.stdout.flush()
