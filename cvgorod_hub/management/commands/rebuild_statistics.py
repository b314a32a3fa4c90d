"""`manage.py rebuild_statistics`: count messages and their meaning again, or compare only."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from intents import recounting as intents
from messaging import recounting as messaging

COMPARISONS = {**messaging.COMPARISONS, **intents.COMPARISONS}
STEPS = {
    "messages": messaging.rebuild_message_counts,
    "meanings": intents.rebuild_analysis_counts,
}


class Command(BaseCommand):
    help = (
        "Count all messages and their meaning again. Statistics stay right by themselves; this is for after "
        "a trigger was switched off, as some restores do. Messages that arrive meanwhile wait for it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare; fails where counts differ")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        if not check:
            # A bar for people; a file or a pipe gets the result alone.
            for name in (bar := tqdm(STEPS, disable=None, file=sys.stderr)):
                bar.set_description(name)
                STEPS[name]()
        differences: dict[str, int] = {}
        for name in (bar := tqdm(COMPARISONS, disable=None, file=sys.stderr)):
            bar.set_description(f"comparing {name}")
            differences |= messaging.find_differences({name: COMPARISONS[name]})
        if differences:
            listed = ", ".join(f"{name}: {count}" for name, count in differences.items())
            raise CommandError(f"Rows that differ from the messages: {listed}. Run this without --check.")
        self.stdout.write(f"Compared: {', '.join(COMPARISONS)}. All agree.")
