"""For a lost phone, where no administrator can log in."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cvgorod_hub.staff.two_step.turning import reset


class Command(BaseCommand):
    help = "Take the second step off an account's login, and end its sessions; the password stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USER", help="the name that the account logs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        account = User.objects.filter(username=name).first()
        if account is None:
            raise CommandError(f"there is no account {name!r}.")
        was_on = reset(account)
        self.stdout.write(
            f"{name} logs in by the password alone now, and was logged out everywhere."
            if was_on
            else f"{name} had no second step; logged out everywhere."
        )
