"""For somebody who tried too often."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cvgorod_hub.staff.login.attempts import forget


class Command(BaseCommand):
    help = "Forget an account's refused logins, so that it may try again at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USER", help="the name that the account logs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        account = User.objects.filter(username=name).first()
        if account is None:
            raise CommandError(f"there is no account {name!r}.")
        self.stdout.write(f"{name} may log in again; forgotten: {forget(account)}.")
