"""`manage.py erase_person`: a person erased on request, or again after a restore from a backup."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import translation
from tqdm import tqdm

from clients.erasing import NotErasableError, check_erasable
from clients.models import TelegramUser
from cvgorod_hub.common.stopping import stopping
from cvgorod_hub.privacy.counting import count_data, in_words
from cvgorod_hub.privacy.erasing import BusyError, begin, run, to_repeat
from cvgorod_hub.privacy.models import LONGEST_REQUEST, Erasure
from cvgorod_hub.privacy.records import UnreadableRecordsError
from sandbox.actors import Actor

GO_ON = "The same command goes on where this ended; so does the worker by itself."
INTERRUPTED = 130
COMMAND = Actor(name="erase_person")


class Command(BaseCommand):
    help = (
        "Erase a person in Telegram who asked for it: names, messages, recordings, what was made of them. "
        "Without --yes it only counts. It may be interrupted and run again. docs/data.md: what stays and why."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        number = "the person's number in Telegram"
        which.add_argument("person_id", type=int, nargs="?", metavar="ID", help=number)
        which.add_argument(
            "--again",
            type=Path,
            nargs="?",
            const=Path(settings.ERASURES_FILE),
            metavar="FILE",
            help="after a restore: repeat what was erased since the backup (default: %(const)s)",
        )
        parser.add_argument("--yes", action="store_true", help="really do it; nothing brings it back")
        parser.add_argument("--request", default="", help="how and when the request came, without names")

    def handle(
        self,
        *_args: Any,
        person_id: int | None,
        again: Path | None,
        yes: bool,
        request: str,
        **_options: Any,
    ) -> None:
        with translation.override("en"):
            try:
                if again is not None:
                    self._again(again, yes)
                elif person_id is not None:
                    self._one(person_id, yes, request)
            except NotErasableError as error:
                raise CommandError(str(error)) from None
            except BusyError:
                raise CommandError("Another process is erasing this person now; look again later.") from None
            except (OperationalError, InterfaceError) as error:
                raise CommandError(f"The database failed ({type(error).__name__}). {GO_ON}") from error

    def _one(self, person_id: int, yes: bool, request: str) -> None:
        person = TelegramUser.objects.select_related("role").filter(pk=person_id).first()
        if person is None:
            raise CommandError(f"Nobody with the number {person_id} has written.")
        if not yes:
            check_erasable(person)
            for label, count in in_words(count_data(person)):
                self.stdout.write(f"{label}: {count}")
            self.stdout.write(f"Nothing was erased. To erase {person_id}: the same with --yes.")
            return
        if len(request) > LONGEST_REQUEST:
            raise CommandError(f"--request is longer than {LONGEST_REQUEST} characters.")
        self._carry_out(begin(person_id=person_id, request=request, actor=COMMAND))

    def _again(self, file: Path, yes: bool) -> None:
        try:
            records = to_repeat(file)
        except FileNotFoundError:
            raise CommandError(f"There is no {file}: nobody was erased, or it is kept elsewhere.") from None
        except UnreadableRecordsError as error:
            raise CommandError(str(error), returncode=os.EX_CONFIG) from None
        for record in records:
            if yes:
                erasure = begin(
                    person_id=record.person_id,
                    request="again, after a restore",
                    actor=COMMAND,
                    until=record.until,
                )
                self._carry_out(erasure)
            else:
                self.stdout.write(f"{record.person_id}: erased until {record.until.isoformat()}, is back")
        if not records:
            self.stdout.write("Nobody who was erased is back.")
        elif not yes:
            self.stdout.write("Nothing was erased. To erase them again: the same with --yes.")

    def _carry_out(self, erasure: Erasure) -> None:
        # A bar for people; a file or a pipe gets the result alone.
        with stopping() as stop, tqdm(unit=" rows", disable=None, file=sys.stderr) as bar:

            def progress(step: str, count: int) -> None:
                bar.set_description(step)
                bar.update(count)

            is_finished = run(erasure, may_go_on=lambda: not stop.is_set(), progress=progress)
        if not is_finished:
            raise CommandError(f"Stopped. {GO_ON}", returncode=INTERRUPTED)
        counted = ", ".join(f"{label}: {count}" for label, count in in_words(erasure.counts))
        self.stdout.write(f"Erased {erasure.person_id}: {counted or 'nothing was left'}.")
