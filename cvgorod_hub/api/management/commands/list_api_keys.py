"""The API keys: what each may, and when it was used last."""

from datetime import datetime

from django.core.management.base import BaseCommand

from cvgorod_hub.api.models import ApiKey

_COLUMNS = ("NAME", "BEGINS", "STATE", "SCOPES", "CHATS", "PER MINUTE", "EXPIRES", "LAST USED")


class Command(BaseCommand):
    help = "List the API keys, one a line. Secrets are not known to anybody. Times are UTC."

    def handle(self, **_options: object) -> None:
        rows = [_COLUMNS, *(_row(key) for key in ApiKey.objects.all())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def _row(key: ApiKey) -> tuple[str, ...]:
    return (
        key.name,
        key.beginning,
        "revoked" if key.revoked_at else "expired" if key.is_expired else "usable",
        ",".join(key.scopes),
        str(len(key.chat_ids)) if key.chat_ids else "all",
        str(key.calls_per_minute or "-"),
        _moment(key.expires_at),
        _moment(key.last_use),
    )


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"
