"""`manage.py backup FOLDER`: the whole hub, as of one moment, while it works."""

from pathlib import Path
from typing import Any

import django
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from cvgorod_hub import environment
from cvgorod_hub.common.database import past_the_pooler
from cvgorod_hub.keeping.ending import ended_by_sigterm
from cvgorod_hub.keeping.errors import one_line
from cvgorod_hub.keeping.servers import servers_at_hand

KEEP_APART = (
    "Keep apart from it, in another place: DJANGO_SECRET_KEY ({key}) and your .env. Without that key agents "
    "need new secrets for their webhooks. The folder holds clients' messages: only its owner may read it."
)


class Command(BaseCommand):
    help = (
        "Back up the database and all files of the hub into a new FOLDER, as of one moment, while the hub "
        "works or while it is stopped. The folder takes its name when it is complete. "
        "Back into an empty hub: manage.py restore FOLDER."
    )
    # It brings up what the settings ask for (servers_at_hand), as `runhub` does.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that is not there yet")
        parser.add_argument(
            "--without-files",
            action="store_true",
            help="back up also where none of the recordings' files is at hand",
        )

    def handle(self, *_args: Any, folder: Path, without_files: bool, **_options: Any) -> None:
        with one_line(), servers_at_hand(hub_may_run=True):
            django.setup()
            with past_the_pooler(), ended_by_sigterm():
                self._back_up(folder.expanduser().resolve(), needs_files=not without_files)

    def _back_up(self, folder: Path, *, needs_files: bool) -> None:
        from cvgorod_hub.keeping.backup import back_up  # models need the settings, which need the servers
        from cvgorod_hub.keeping.folder import in_words

        manifest = back_up(folder, needs_files=needs_files)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        messages = manifest.tables["messages"].rows
        taken_at = f"{timezone.localtime(manifest.taken_at):%Y-%m-%d %H:%M:%S}"
        self.stdout.write(
            f"Backed up {messages:,} messages, {len(manifest.tables)} tables, "
            f"{in_words(manifest.media_bytes)} of files as of {taken_at}: {folder} ({in_words(size)})"
        )
        if manifest.missing:
            self.stdout.write(
                f"Not in it, because the hub does not have them any more: {len(manifest.missing)} files, "
                f"such as {manifest.missing[0]}"
            )
        self.stdout.write(KEEP_APART.format(key=_where_the_key_is()))


def _where_the_key_is() -> str:
    file = environment.secret_key_file()
    return str(file) if file.exists() else "from the environment"
