"""`manage.py replay_updates`: read stored updates again, after a mend of what could not be read."""

import sys
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from tqdm import tqdm

from bots.failures import failed_updates
from bots.models import RawUpdate
from bots.updates import replay_updates
from cvgorod_hub.common.dates import read_moment


class Command(BaseCommand):
    help = (
        "Read stored updates again. What is already stored stays one row; what a person set aside is left "
        "alone. It may be interrupted and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--failed", action="store_true", help="those that could not be read (the default)")
        which.add_argument("--since", help="all received since then: 2026-11-22 or 2026-11-22T09:30")

    def handle(self, *_args: Any, since: str | None, **_options: Any) -> None:
        updates = failed_updates()
        if since is not None:
            updates = RawUpdate.objects.filter(received_at__gte=_moment(since)).exclude(
                parse_state=RawUpdate.State.DISMISSED
            )
        steps: list[int] = []
        # A bar for people; a file or a pipe gets the result alone.
        with tqdm(total=updates.count(), unit=" updates", disable=None, file=sys.stderr) as bar:

            def progress(step: int) -> None:
                steps.append(step)
                bar.update(step)

            try:
                failed = replay_updates(updates, progress=progress)
            except (OperationalError, InterfaceError) as error:
                raise CommandError(
                    f"The database failed after {sum(steps)} updates ({type(error).__name__}). "
                    "Nothing is lost: run this again."
                ) from error
        taken = sum(steps)
        self.stdout.write(f"Read again: {taken - failed} of {taken}.")
        if failed:
            raise CommandError(f"{failed} still cannot be read; the admin shows why, under raw updates.")


def _moment(text: str) -> datetime:
    try:
        return read_moment(text)
    except ValueError:
        raise CommandError(f"--since {text}: not a date. Write 2026-11-22 or 2026-11-22T09:30.") from None
