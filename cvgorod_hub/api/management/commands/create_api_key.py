"""Make an API key; it is printed once and never again."""

import re
from argparse import ArgumentParser
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from cvgorod_hub.api.chats import directory
from cvgorod_hub.api.filters import BIGINT
from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey, Scope
from cvgorod_hub.api.moments import parse_moment

_CHAT_IDS = re.compile(r"-\d[\d,-]*$")


class Command(BaseCommand):
    help = "Make an API key and print it, once, on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="Whose key it is; shown in the log of what it does.")
        parser.add_argument(
            "--scopes",
            required=True,
            metavar="SCOPE,…",
            help=f"What it may do, separated by commas: {', '.join(Scope.values)}.",
        )
        parser.add_argument(
            "--expires", metavar="DATE", help="Valid until then, for example 2027-01-01; for ever without."
        )
        parser.add_argument(
            "--chats",
            metavar="ID,…",
            help="The only chats that exist for it, for example -1001,-1002; all without.",
        )
        # argparse takes what begins with a minus for an option, but for what it knows as a number.
        parser._negative_number_matcher = _CHAT_IDS  # noqa: SLF001
        parser.add_argument(
            "--per-minute",
            type=int,
            metavar="CALLS",
            dest="calls_per_minute",
            help="At most so many calls in any sixty seconds; no limit without.",
        )

    def handle(
        self,
        *,
        name: str,
        scopes: str,
        expires: str | None,
        chats: str | None,
        calls_per_minute: int | None,
        **_options: object,
    ) -> None:
        longest = ApiKey._meta.get_field("name").max_length or 0  # noqa: SLF001  (Django's documented name)
        name = name.strip()
        if not 1 <= len(name) <= longest:
            raise CommandError(f"A name has 1 to {longest} characters.")
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        try:
            with transaction.atomic():
                key, text = create_key(
                    name=name,
                    scopes=wanted,
                    expires_at=_read_expiry(expires),
                    chat_ids=_read_chats(chats),
                    calls_per_minute=calls_per_minute,
                )
        except ValueError as error:
            raise CommandError(str(error)) from None
        except IntegrityError:
            raise CommandError(f"There is a key named '{name}' already.") from None
        self.stdout.write(text)
        self.stderr.write("Keep it safe: it is not stored and cannot be shown again.")
        if unknown := set(key.chat_ids) - directory().names(key.chat_ids).keys():
            self.stderr.write(f"Not seen here yet: {', '.join(map(str, sorted(unknown)))}.")


def _read_chats(text: str | None) -> list[int]:
    """An empty list would mean all chats, so one is refused where somebody asked for some."""
    if text is None:
        return []
    try:
        ids = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise CommandError("--chats: ids of chats, separated by commas, for example -1001,-1002.") from None
    if not ids or not all(-BIGINT <= each < BIGINT for each in ids):
        raise CommandError("--chats: ids of chats, separated by commas, for example -1001,-1002.")
    return ids


def _read_expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        expires_at = parse_moment(text)
    except ValueError as error:
        raise CommandError(f"--expires: {error}") from None
    if expires_at <= timezone.now():
        raise CommandError("--expires: that time has passed.")
    return expires_at
