"""`manage.py export_person`: everything that the hub keeps about a person, as a ZIP."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from tqdm import tqdm

from clients.models import TelegramUser
from cvgorod_hub.privacy.exporting import write_export


class Command(BaseCommand):
    help = (
        "Write everything that the hub keeps about a person in Telegram into a ZIP that its owner alone may "
        "read: profile, messages with versions and transcripts, recordings, meanings, replies, raw updates."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person_id", type=int, metavar="ID", help="the person's number in Telegram")
        parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="not there yet")

    def handle(self, *_args: Any, person_id: int, to: Path, **_options: Any) -> None:
        person = TelegramUser.objects.select_related("role").filter(pk=person_id).first()
        if person is None:
            raise CommandError(f"Nobody with the number {person_id} has written.")
        # A line for people; a file or a pipe gets the result alone.
        with tqdm(unit=" files", disable=None, file=sys.stderr) as bar:

            def progress(name: str) -> None:
                bar.set_description(name)
                bar.update()

            try:
                size = write_export(person, to, progress=progress)
            except FileExistsError:
                raise CommandError(f"{to} is there already; give another name.") from None
            except OSError as error:
                raise CommandError(f"{to} cannot be written: {error.strerror}.") from None
            except (OperationalError, InterfaceError) as error:
                reason = f"The database failed ({type(error).__name__}); nothing was written."
                raise CommandError(reason) from error
        self.stdout.write(f"Written: {to}, {size} bytes.")
