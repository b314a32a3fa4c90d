"""The feed for a program that polls: what is new or changed since it last asked."""

from dataclasses import replace
from typing import Any

from django.db import connection
from rest_framework.exceptions import ValidationError
from rest_framework.views import APIView

from cvgorod_hub.api.keysets import Cursor, Keyset
from cvgorod_hub.api.pagination import CURSOR_PATTERN, Page, PagedView, make_link, read_cursor
from cvgorod_hub.common.replica import reading_primary
from messaging.api.searching import SearchPagination
from messaging.querysets import OldestRunningTransaction

# Oldest change first. The trigger of messaging's migrations 0002 and 0011 keeps `changed_xid`.
FEED = Keyset({"changed_xid": int, "id": int}, newest_first=False)
FEED_ORDER = "feed"
LATEST = "latest"
AFTER_HELP = (
    "The feed: what is new or changed after this cursor, oldest change first, each message as it is now. "
    "Begin with `after=` (everything) or `after=latest` (from now); go on with `next`, which is always "
    "given, on an empty page with the cursor you came with. Nothing that is being stored while you read "
    "is skipped; it appears when its transaction has ended. A later analysis alone does not bring a "
    "message back, a person's correction of it does. Imported history is not news: it is in the list by "
    "time, not here. A cursor from before the hub was restored from a backup may be a 400: begin again."
)

# Said rather than an empty page each time: what is new would pass such an agent by until numbers come so far.
AHEAD = (
    "This place lies ahead of everything: the hub was restored from a backup since you were given it. "
    "Begin again with after=latest (from now) or after= (everything)."
)


class MessagePagination(SearchPagination):
    """Pages by time, newest first; with `after`, the feed."""

    parameter_names = ("cursor", "limit", "after")
    may_be_empty = ("after",)

    def read_page(self, view: PagedView) -> Page:
        given = view.request.query_params
        if "after" not in given:
            return super().read_page(view)
        with reading_primary():
            return self._read_feed(view)

    def _read_feed(self, view: PagedView) -> Page:
        """By the primary alone: a replica's snapshot knows of other transactions that are still running."""
        given = view.request.query_params
        if "cursor" in given:
            raise ValidationError({"after": "Give after or cursor, not both."})
        shape, values = view.read_shape()
        shape = replace(shape, order=FEED_ORDER, seek="after")
        rows: list[tuple[str, str]] = []
        if given["after"] == LATEST:
            cursor = Cursor((oldest_running(), 0))
        else:
            cursor = read_cursor(view.request, "after", FEED) or Cursor((0, 0))
            rows, _has_more = self.read_rows(view, shape, values, cursor)
            # The beginning is never ahead; nor is a place after which something came.
            if not rows and cursor.key[0] and cursor.key[0] > oldest_running():
                raise ValidationError({"after": AHEAD})
        if rows:
            cursor = Cursor.at(rows[-1][1])
        return Page(
            documents=[document for document, _key in rows], next=make_link(view.request, "after", cursor)
        )

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        after = {
            "name": "after",
            "in": "query",
            "required": False,
            "allowEmptyValue": True,
            "schema": {"type": "string", "pattern": f"^{CURSOR_PATTERN}*$", "examples": [LATEST]},
            "description": AFTER_HELP,
        }
        return [*super().get_schema_operation_parameters(view), after]


def oldest_running() -> int:
    """Changes from this transaction on may still be on their way."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OldestRunningTransaction.template}")
        (xid,) = cursor.fetchone()
    return int(xid)
