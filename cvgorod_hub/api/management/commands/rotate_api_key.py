"""Give an API key a new secret; it is printed once and never again."""

from argparse import ArgumentParser
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError

from cvgorod_hub.api.keys import RotationRefusedError, rotate
from cvgorod_hub.api.keys.issuing import LONGEST_OVERLAP, USUAL_OVERLAP
from cvgorod_hub.api.management.named_keys import get_key

_HOURS = timedelta(hours=1)


class Command(BaseCommand):
    help = "Give an API key a new secret and print it, once, on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--overlap",
            type=float,
            default=USUAL_OVERLAP / _HOURS,
            metavar="HOURS",
            help="How long the old secret goes on working; 0: it stops at once. Usually %(default)g.",
        )

    def handle(self, *, name: str, overlap: float, **_options: object) -> None:
        if not 0 <= overlap <= LONGEST_OVERLAP / _HOURS:
            raise CommandError(f"--overlap: 0 to {LONGEST_OVERLAP / _HOURS:g} hours.")
        try:
            key, text = rotate(get_key(name).pk, overlap=overlap * _HOURS)
        except RotationRefusedError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(text)
        self.stderr.write("Keep it safe: it is not stored and cannot be shown again.")
        until = f"works until {key.previous_until:%Y-%m-%d %H:%M} UTC" if overlap else "works no longer"
        self.stderr.write(f"The old secret {until}.")
