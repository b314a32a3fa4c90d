"""`manage.py hub_report`: what was collected, and whether anything is missing."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from bots.report.as_json import as_json
from bots.report.as_text import as_text
from bots.report.build import build_report
from bots.report.period import Period
from cvgorod_hub.common.dates import read_moment
from messaging.models import Chat

MOST_DAYS = 3650


class Command(BaseCommand):
    help = (
        "What Telegram handed over and what became of it, by chat and day; missing messages; what was sent. "
        "Ends with 0; with --check with 1 when something needs a person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        since = parser.add_mutually_exclusive_group()
        since.add_argument("--days", type=int, default=7, help="today and the days before it (default: 7)")
        since.add_argument("--since", help="from that day on: 2026-11-22 or 2026-11-22T09:30")
        parser.add_argument("--chat", type=int, help="this chat only, by Telegram's number (-100…)")
        parser.add_argument(
            "--json", action="store_true", help="for programs; bots/report/as_json.py says the keys"
        )
        parser.add_argument(
            "--check", action="store_true", help="end with 1 when something needs a person (for cron)"
        )

    def handle(self, *_args: Any, check: bool, **options: Any) -> None:
        report = build_report(_period(**options))
        if options["json"]:
            self.stdout.write(json.dumps(as_json(report), ensure_ascii=False, indent=1))
        else:
            for line in as_text(report):
                self.stdout.write(line)
        if check and report.needs:
            raise CommandError("Something needs a person; the report says what.", returncode=1)


def _period(*, days: int, since: str | None, chat: int | None, **_options: Any) -> Period:
    if chat is not None and not Chat.objects.filter(pk=chat).exists():
        raise CommandError(f"--chat {chat}: the hub knows no such chat.")
    if since is None:
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days {days}: from 1 to {MOST_DAYS}.")
        return Period.last_days(days, chat_id=chat)
    try:
        moment = read_moment(since)
    except ValueError:
        raise CommandError(f"--since {since}: not a date. Write 2026-11-22 or 2026-11-22T09:30.") from None
    if moment >= timezone.now():
        raise CommandError(f"--since {since}: that has not come yet.")
    return Period(since=moment, until=timezone.now(), chat_id=chat)
