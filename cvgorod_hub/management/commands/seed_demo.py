"""`manage.py seed_demo`: fill the hub with invented history, or take it away again."""

import sys
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from cvgorod_hub.common.dates import read_moment
from cvgorod_hub.management.commands.rebuild_statistics import STEPS as STATISTICS
from cvgorod_hub.seeding.filling import Plan, SeedError, check_empty, fill
from cvgorod_hub.seeding.removing import STEPS, remove

MOST_MESSAGES = 10_000_000
MOST_DAYS = 3_650


class Command(BaseCommand):
    help = (
        "Fill the hub with invented chats, people, messages, meanings and replies, as it would have stored "
        "them: to try it out, to measure it. All of it has ids that no Telegram gives; --remove takes it "
        "away. "
        f"Days and hours are those of TIME_ZONE ({settings.TIME_ZONE})."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--messages", type=int, default=20_000, help="how many (20,000)")
        parser.add_argument("--days", type=int, default=365, help="over how many days up to now (365)")
        parser.add_argument("--seed", type=int, default=1, help="another number makes another history (1)")
        parser.add_argument("--until", help="when the last message is written: a date or time (now)")
        parser.add_argument(
            "--beside-real-data", action="store_true", help="also where the hub holds messages of its own"
        )
        parser.add_argument("--remove", action="store_true", help="take it all away again")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["remove"]:
            self._remove()
            return
        plan = _plan(options)
        try:
            check_empty(beside_real=options["beside_real_data"])
        except SeedError as error:
            raise CommandError(str(error), returncode=78) from error
        with tqdm(total=plan.messages, unit=" messages", disable=None, file=sys.stderr) as bar:
            fill(plan, progress=bar.update)
        self.stdout.write(f"Made {plan.messages:,} messages. Take them away: manage.py seed_demo --remove")

    def _remove(self) -> None:
        with tqdm(total=len(STEPS) + len(STATISTICS), disable=None, file=sys.stderr) as bar:

            def show(name: str, _rows: int) -> None:
                bar.set_description(name)
                bar.update()

            messages = remove(progress=show)
            for name, count_again in STATISTICS.items():
                count_again()
                show(name, 0)
        self.stdout.write(f"Removed {messages:,} invented messages and all that belonged to them.")


def _plan(options: dict[str, Any]) -> Plan:
    messages, days = options["messages"], options["days"]
    if not 1 <= messages <= MOST_MESSAGES:
        raise CommandError(f"--messages must be from 1 to {MOST_MESSAGES:,}.")
    if not 1 <= days <= MOST_DAYS:
        raise CommandError(f"--days must be from 1 to {MOST_DAYS:,}.")
    return Plan(messages=messages, days=days, until=_until(options["until"]), seed=options["seed"])


def _until(text: str | None) -> datetime:
    if text is None:
        return timezone.now().replace(microsecond=0)
    try:
        return read_moment(text)
    except ValueError as error:
        raise CommandError(f"--until: {error}") from error
