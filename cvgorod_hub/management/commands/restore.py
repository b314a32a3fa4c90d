"""`manage.py restore FOLDER`: a backup into an empty hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from cvgorod_hub.common.database import past_the_pooler
from cvgorod_hub.keeping.ending import ended_by_sigterm
from cvgorod_hub.keeping.errors import one_line
from cvgorod_hub.keeping.servers import servers_at_hand

if TYPE_CHECKING:
    from cvgorod_hub.keeping.restore import Restored


class Command(BaseCommand):
    help = (
        "Restore a backup (manage.py backup) into an empty database, while no part of the hub runs. All rows "
        "are compared with the backup. Replies that were on their way when it was made are held back for a "
        "person, because they may have been sent since; nothing is sent by itself."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the backup")

    def handle(self, *_args: Any, folder: Path, **_options: Any) -> None:
        with one_line(), servers_at_hand(hub_may_run=False):
            django.setup()
            from cvgorod_hub.keeping.restore import restore  # models need the settings

            with past_the_pooler(), ended_by_sigterm():
                self._tell(restore(folder.expanduser().resolve()))

    def _tell(self, done: "Restored") -> None:
        manifest, settled = done.manifest, done.settled
        rows = sum(content.rows for content in manifest.tables.values())
        taken_at = f"{timezone.localtime(manifest.taken_at):%Y-%m-%d %H:%M:%S}"
        self.stdout.write(
            f"Restored {rows:,} rows in {len(manifest.tables)} tables, all as they were at {taken_at}."
        )
        replies = settled.replies
        if replies.unknown:
            self.stdout.write(
                f"{replies.unknown} replies that were approved then may have been sent since: decide each in "
                "the admin."
            )
        if replies.stale:
            self.stdout.write(f"{replies.stale} drafts that waited then ask for a second yes.")
        if settled.gaps:
            self.stdout.write(
                "What was collected since then is gone, and Telegram keeps none of it: the gap stands in "
                "hub_report. Bring it from an export: manage.py import_telegram_export PATH."
            )
        if manifest.missing:
            self.stdout.write(f"{len(manifest.missing)} files were not in the hub when it was backed up.")
        if done.counts_anew:
            self.stdout.write(
                "Agents that poll GET /messages?after= are told to begin anew (after=latest, or after= for "
                "everything)."
            )
        if not done.is_same_key:
            self.stdout.write(
                "DJANGO_SECRET_KEY is another one than then: give agents the new secrets of their webhooks, "
                "or put the old key back before the first start."
            )
        self.stdout.write(
            "API keys, accounts and passwords are as they were then: revoke again what was revoked since."
        )
        self._tell_of_erased()

    def _tell_of_erased(self) -> None:
        """Whom the backup brought back; what was erased stands beside the database, in a file of its own."""
        from cvgorod_hub.privacy.erasing import to_repeat

        again = "manage.py erase_person --again --yes"
        try:
            brought_back = len(to_repeat())
        except FileNotFoundError:
            self.stdout.write(
                "No list of erased people was found here (erasures.jsonl in HUB_DATA_DIR). If there is one "
                f"elsewhere, bring it, then run {again}."
            )
            return
        if brought_back:
            self.stdout.write(
                f"{brought_back} people who were erased since are back: {again} erases them again."
            )
