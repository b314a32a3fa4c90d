"""The hub on one machine: `make run` sets up and runs this."""

import os
import socket
import sys
import time
from argparse import ArgumentTypeError, BooleanOptionalAction
from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandParser

from cvgorod_hub import environment
from cvgorod_hub.embedded import EmbeddedServerError
from cvgorod_hub.runner.data_folder import held_data_folder, running_services
from cvgorod_hub.runner.orphans import ProcessNotes
from cvgorod_hub.runner.supervisor import StopSignals

HOST = "127.0.0.1"
DEFAULT_PORT = "8300"
PROCESSES = ("web", "worker", "beat", "collector")
# A hub that was killed leaves its web process a moment to let go of the port.
PORT_WAIT_SECONDS = 3


class Command(BaseCommand):
    help = (
        "Run everything on this machine: PostgreSQL and Redis where DATABASE_URL and REDIS_URL are not "
        "set, migrations, web, worker, beat and collector. Ctrl-C or SIGTERM stops all of it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            type=_port,
            default=os.environ.get("HUB_PORT") or DEFAULT_PORT,
            help=f"where the web process listens, on {HOST} (default: HUB_PORT, else {DEFAULT_PORT})",
        )
        parser.add_argument(
            "--demo",
            action=BooleanOptionalAction,
            help="simulate Telegram (default: where TELEGRAM_BOT_TOKEN is not set)",
        )
        parser.add_argument(
            "--only",
            type=_names,
            default=frozenset(PROCESSES),
            metavar=",".join(PROCESSES),
            help="run only these processes",
        )

    def handle(self, **options: Any) -> None:
        signals = StopSignals()
        try:
            with held_data_folder() as folder:
                notes = ProcessNotes(folder)
                notes.end_orphans()
                if "web" in options["only"]:
                    _wait_for_port(options["port"])
                environment.ensure_secret_key()
                self._say(f"Data: {folder}")
                if options["demo"] is None:
                    options["demo"] = not os.environ.get("TELEGRAM_BOT_TOKEN")
                with running_services(folder, demo=options["demo"]):
                    is_stopped = signals.received or self._serve(signals, notes, options)
                notes.forget()
        except EmbeddedServerError as error:
            raise ImproperlyConfigured(str(error)) from None
        if not is_stopped:
            sys.exit(os.EX_CONFIG)

    def _serve(self, signals: StopSignals, notes: ProcessNotes, options: dict[str, Any]) -> bool:
        django.setup()
        from cvgorod_hub.runner import hub  # here, because models need the settings, which need the servers

        return hub.serve(
            port=options["port"],
            demo=options["demo"],
            only=options["only"],
            signals=signals,
            notes=notes,
            say=self._say,
        )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _names(value: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in value.split(",") if name.strip())
    if not names or names - set(PROCESSES):
        raise ArgumentTypeError(f"choose from {', '.join(PROCESSES)}")
    return names


def _port(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise ArgumentTypeError(f"{value!r} is not a port (1 to 65535)")
    return int(value)


def _wait_for_port(port: int) -> None:
    """Raise ImproperlyConfigured when the port cannot be had."""
    deadline = time.monotonic() + PORT_WAIT_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ImproperlyConfigured(
                        f"port {port} cannot be used ({error.strerror}): choose another with --port "
                        "or HUB_PORT, or stop what listens there."
                    ) from None
            else:
                return
        time.sleep(0.1)
