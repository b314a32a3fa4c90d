"""The feed for a program that polls: what is new or changed since it last asked."""

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.views import APIView

from cvgorod_hub.api.pagination import Cursor, Keyset, KeysetPagination
from messaging.querysets import MessageQuerySet

# Oldest change first. The trigger of messaging's migration 0002 keeps `changed_xid`.
FEED = Keyset({"changed_xid": int, "id": int}, newest_first=False)
LATEST = "latest"
AFTER_HELP = (
    "The feed: what is new or changed after this cursor, oldest change first, each message as it is now. "
    "Begin with `after=` (everything) or `after=latest` (from now); go on with `next`, which is always "
    "given, on an empty page with the cursor you came with. Nothing that is being stored while you read "
    "is skipped; it appears when its transaction has ended. A later analysis alone does not bring a "
    "message back. Imported history is not news: it is in the list by time, not here."
)


class MessagePagination(KeysetPagination):
    """Pages by time, newest first; with `after`, the feed."""

    parameter_names = ("cursor", "limit", "after")
    may_be_empty = ("after",)

    def read_page(self, queryset: QuerySet[Any]) -> list[dict[str, Any]]:
        parameters = self.request.query_params
        if "after" not in parameters:
            return super().read_page(queryset)
        if "cursor" in parameters:
            raise ValidationError({"after": "Give after or cursor, not both."})
        self.keyset = FEED
        self.previous = None
        if parameters["after"] == LATEST:
            cursor = Cursor((_oldest_running(), 0))
            rows: list[dict[str, Any]] = []
        else:
            rows, cursor = self._read_changes(queryset, self.read_cursor("after"))
        self.next = self.link("after", cursor)
        return rows

    def _read_changes(
        self, queryset: MessageQuerySet | QuerySet[Any], cursor: Cursor | None
    ) -> tuple[list[dict[str, Any]], Cursor]:
        assert isinstance(queryset, MessageQuerySet)  # noqa: S101  (only messages have a feed)
        place = cursor or Cursor((0, 0))
        changes = FEED.seek(queryset.news().settled(), place.key)
        rows, keys, _has_more = self.fetch(FEED.order(changes))
        return rows, Cursor(keys[-1]) if keys else place

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        after = {
            "name": "after",
            "in": "query",
            "required": False,
            "allowEmptyValue": True,
            "schema": {"type": "string"},
            "description": AFTER_HELP,
        }
        return [*super().get_schema_operation_parameters(view), after]


def _oldest_running() -> int:
    """Changes from this transaction on may still be on their way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (xid,) = cursor.fetchone()
    return int(xid)
