"""`manage.py replay_updates`: read stored updates again, after a mend of what could not be read."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from bots.models import RawUpdate
from bots.updates import replay_updates


class Command(BaseCommand):
    help = "Read stored updates again. What is already stored stays one row."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--failed", action="store_true", help="those that could not be read (the default)")
        which.add_argument("--since", help="all received since then: 2026-11-22 or 2026-11-22T09:30")

    def handle(self, *_args: Any, since: str | None, **_options: Any) -> None:
        updates = RawUpdate.objects.filter(parse_state=RawUpdate.State.FAILED)
        if since is not None:
            updates = RawUpdate.objects.filter(received_at__gte=_moment(since))
        taken = updates.count()
        failed = replay_updates(updates)
        self.stdout.write(f"Read again: {taken - failed} of {taken}.")
        if failed:
            raise CommandError(f"{failed} still cannot be read; the admin shows why, under raw updates.")


def _moment(text: str) -> datetime:
    """A date or a time, in the hub's time zone unless it says otherwise."""
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)):
            moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001  (made aware below)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"--since {text}: not a date. Write 2026-11-22 or 2026-11-22T09:30.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
