"""`manage.py import_telegram_export PATH`: what was said before the hub listened, from Telegram Desktop.

It stands in this room because it names our bots, and lets the classifier read what came; the work is done by
messaging/history.
"""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from bots.models import TelegramBot
from intents.classification import classify_by_patterns
from messaging.history.errors import ExportError
from messaging.history.importing import import_history
from messaging.history.opening import find_result
from messaging.history.progress import Progress
from messaging.history.report import ImportReport
from messaging.history.taking import ImportHooks, ImportOptions

GO_ON = "The same command goes on where this ended; nothing is stored twice."
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Bring in the history of chats from Telegram Desktop's export (format: machine-readable JSON), of "
        "one chat or of a whole account. What is already there stays as it is; a second run adds nothing. "
        "Imported messages are marked; nobody waits for an answer because of them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the export's folder, or its result.json")
        parser.add_argument(
            "--chat",
            type=int,
            metavar="ID",
            help="where an export of one chat belongs: for a private conversation the client's Telegram id",
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would come; write nothing")
        parser.add_argument(
            "--time-zone", help="of exports from before 2021, whose dates have none (default: the hub's)"
        )
        parser.add_argument(
            "--classify",
            choices=["patterns", "model"],
            help="let the patterns judge what is new; model: also DeepSeek where they are unsure, for money",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(
        self,
        *_args: Any,
        path: Path,
        chat: int | None,
        dry_run: bool,
        time_zone: str | None,
        classify: str | None,
        **options: Any,
    ) -> None:
        zone = _zone(time_zone or settings.TIME_ZONE)
        importing = ImportOptions(
            zone=zone,
            chat_id=chat,
            is_dry_run=dry_run,
            our_bots=frozenset(TelegramBot.objects.values_list("pk", flat=True)),
        )
        try:
            result = find_result(path)
            with _stopping() as stop, Progress(result.stat().st_size, sys.stderr) as progress:
                hooks = ImportHooks(on_progress=progress.show, should_stop=stop.is_set)
                if classify is not None:
                    hooks.on_added = partial(classify_by_patterns, ask_model=classify == "model")
                report = import_history(result, importing, hooks)
        except ExportError as error:
            raise CommandError(_sentence(str(error))) from error
        self._print(report, str(zone), as_json=options["json"])
        _complain(report)

    def _print(self, report: ImportReport, zone_name: str, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report.as_json(), cls=DjangoJSONEncoder, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(report.lines(zone_name)))


class _Stop:
    """Set by Ctrl-C or SIGTERM; the batch that is being stored is finished first."""

    def __init__(self) -> None:
        self._wanted = False

    def is_set(self) -> bool:
        return self._wanted

    def set(self, *_signal: Any) -> None:
        if self._wanted:
            raise KeyboardInterrupt
        self._wanted = True


@contextmanager
def _stopping() -> Iterator[_Stop]:
    stop = _Stop()
    before = {number: signal.signal(number, stop.set) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CommandError(
            f"--time-zone {name}: there is no such time zone; one is Asia/Vladivostok."
        ) from error


def _complain(report: ImportReport) -> None:
    """One line, and a status that is not 0, where not everything was taken that was asked for."""
    if report.was_stopped:
        raise CommandError(f"Stopped. {GO_ON}", returncode=INTERRUPTED)
    if report.broken:
        taken = "would be" if report.is_dry_run else "was"
        raise CommandError(
            _sentence(
                f"{report.broken}. What came before it {taken} taken; "
                "with a whole file the same command goes on"
            )
        )
    if len(report.chats) == 1 and report.refused:
        raise CommandError(_sentence(f"Not taken: {report.refused[0].refused}"))


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
