"""`manage.py prepare`: what a hub needs before its processes start."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from cvgorod_hub.runner import preparation


class Command(BaseCommand):
    help = (
        "Apply migrations, beside whatever uses the database, and make the first login "
        "(DJANGO_SUPERUSER_*, else admin). Doing it again changes nothing."
    )
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        preparation.migrate()
        login = preparation.ensure_superuser(demo=False, is_seen=False)
        address = urljoin(settings.HUB_PUBLIC_URL, reverse("admin:index"))
        self.stdout.write("The database is ready.")
        self.stdout.write(f"Log in at {address} as {login.username} {login.hint}")
