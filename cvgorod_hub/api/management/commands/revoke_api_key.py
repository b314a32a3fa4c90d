"""Stop an API key at once."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from cvgorod_hub.api.keys import revoke
from cvgorod_hub.api.management.named_keys import get_key
from cvgorod_hub.api.models import ApiKey


class Command(BaseCommand):
    help = "Stop an API key: from the next call on it is refused. This cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *, name: str, **_options: object) -> None:
        key = get_key(name)
        is_new = revoke(ApiKey.objects.filter(pk=key.pk))
        self.stdout.write(f"'{key.name}' is revoked." if is_new else f"'{key.name}' was revoked before.")
