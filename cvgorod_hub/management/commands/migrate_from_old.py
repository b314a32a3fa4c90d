"""`manage.py migrate_from_old`: what the hub before this one knew."""

import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from cvgorod_hub.old_hub.errors import OldHubError
from cvgorod_hub.old_hub.migrating import Hooks, MigrationOptions, migrate
from cvgorod_hub.old_hub.report import MigrationReport, last_report

INTERRUPTED = 130
GO_ON = "The same command goes on where this ended; nothing is stored twice."


class Command(BaseCommand):
    help = (
        "Bring over chats, people, messages, their meaning, patterns and replies from the database of the "
        "hub before this one, named by OLD_DATABASE_URL, which is only read. What is here stays as it is; a "
        "second run brings what is new there. Nobody waits, and nothing is sent, because of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would come; write nothing")
        parser.add_argument(
            "--bot",
            type=int,
            metavar="ID",
            help="the old hub's bot, which numbers the messages of basic groups (default: this hub's)",
        )
        parser.add_argument(
            "--report", action="store_true", help="show the last report again, and do nothing"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *_args: Any, dry_run: bool, bot: int | None, report: bool, **options: Any) -> None:
        try:
            done = last_report() if report else _migrate(MigrationOptions(is_dry_run=dry_run, bot_id=bot))
        except OldHubError as error:
            raise CommandError(_sentence(str(error)), returncode=error.returncode) from error
        except KeyboardInterrupt as error:
            raise CommandError(f"Stopped. {GO_ON}", returncode=INTERRUPTED) from error
        if options["json"]:
            self.stdout.write(json.dumps(done.as_json(), ensure_ascii=False))
        else:
            self.stdout.write("\n".join(done.lines()))
        if done.broken:
            raise CommandError(f"Rows that are not accounted for: {'; '.join(done.broken)}.")


def _migrate(options: MigrationOptions) -> MigrationReport:
    with tqdm(unit=" rows", disable=None, file=sys.stderr) as bar:

        def begin(rows: int) -> None:
            bar.reset(total=rows)

        def show(table: str, rows: int) -> None:
            bar.set_description(table, refresh=False)
            bar.update(rows)

        return migrate(settings.OLD_DATABASE_URL, options, Hooks(on_begin=begin, on_progress=show))


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
