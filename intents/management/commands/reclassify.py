"""`manage.py reclassify`: messages of a period, a chat or an intent classified anew."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from tqdm import tqdm

from cvgorod_hub.common.stopping import stopping
from intents.labels import Intent
from intents.management.options import moment
from intents.models import Reclassification
from intents.reclassifying.choosing import Choice
from intents.reclassifying.running import NoModelError, start, work_off

GO_ON = "The same command goes on where this ended; so does the worker by itself."
INTERRUPTED = 130
CHANGE_CONFIGURATION = 78


class Command(BaseCommand):
    help = (
        "Classify messages anew, by the patterns as they are now, or by the model (which makes them due: the "
        "worker asks it within its budget). What a person decided stays. It may be interrupted and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", help="sent from then on: 2026-11-22 or 2026-11-22T09:30")
        parser.add_argument("--until", help="sent before then")
        parser.add_argument("--chat", type=int, metavar="ID", help="of this chat only")
        parser.add_argument("--intent", choices=Intent.values, help="that mean this by now")
        parser.add_argument(
            "--source",
            choices=Reclassification.By.values,
            default=Reclassification.By.PATTERNS.value,
            help="who classifies (default: patterns)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only count the messages")

    def handle(self, *_args: Any, source: str, dry_run: bool, **options: Any) -> None:
        choice = Choice(
            since=moment("since", options["since"]),
            until=moment("until", options["until"]),
            chat_id=options["chat"],
            intent=options["intent"],
        )
        if choice.since and choice.until and choice.since >= choice.until:
            raise CommandError("--until must be later than --since.")
        if dry_run:
            self.stdout.write(f"Would classify anew: {choice.messages().count()} messages ({choice}).")
            return
        self._run(choice, source)

    def _run(self, choice: Choice, source: str) -> None:
        try:
            run, is_new = start(messages=choice.messages(), by=source, chosen=str(choice), key=choice.key)
        except NoModelError:
            raise CommandError("DEEPSEEK_API_KEY is not set.", returncode=CHANGE_CONFIGURATION) from None
        if not is_new:
            self.stderr.write(f"Going on with run {run.pk}: {run.done} of {run.total} are done.")
        with (
            stopping() as stop,
            # A bar for people; a file or a pipe gets the result alone.
            tqdm(total=run.total, initial=run.done, unit=" messages", disable=None, file=sys.stderr) as bar,
        ):
            try:
                work_off(run, may_go_on=lambda: not stop.is_set(), progress=bar.update)
            except (OperationalError, InterfaceError) as error:
                raise CommandError(f"The database failed ({type(error).__name__}). {GO_ON}") from error
        self._tell(run)

    def _tell(self, run: Reclassification) -> None:
        if run.state == Reclassification.State.CANCELLED:
            raise CommandError(f"Cancelled by {run.cancelled_by} after {run.done} of {run.total} messages.")
        done = "Due for the model" if run.by == Reclassification.By.MODEL else "Classified anew"
        line = f"{done}: {run.done - run.kept} of {run.total} messages; left to people's word: {run.kept}."
        if run.state != Reclassification.State.DONE:
            raise CommandError(f"Stopped. {line} {GO_ON}", returncode=INTERRUPTED)
        self.stdout.write(line)
