"""What a list of messages does with `search`: its order by rank, and marks in what was found."""

from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet, Subquery
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cvgorod_hub.api.pagination import Cursor, Keyset, KeysetPagination, read_limit
from cvgorod_hub.api.views import RowListViewSet
from messaging.models import Message
from messaging.querysets import MessageQuerySet
from messaging.search import compile_query, highlight
from messaging.serializers import MessageRow

Rows = list[dict[str, Any]]
BY_TIME = Keyset({"timestamp": datetime, "id": int})
BY_RANK = Keyset({"search_rank": int, "id": int})
# With these, PostgreSQL's own choice is among few messages; the others have an order of their own.
_NARROW = frozenset({"chat_id", "user_id", "client_id", "after"})
_WITHOUT_SEARCH = "Only with `search`."
_WITH_AFTER = "Not with `after`: the feed has an order of its own."


class FoundMessageRow(MessageRow):
    """A message, and with `highlight` what was found in it."""

    highlight = serializers.CharField(
        required=False,
        help_text="With `highlight`: some of the text, HTML-escaped, what was found in <mark></mark>.",
    )


class MessageListViewSet(RowListViewSet):
    """Lists messages by time, or what a search found by rank. Its filter set is MessageFilterSet."""

    serializer_class = MessageRow
    keyset = BY_TIME

    def get_keyset(self) -> Keyset:
        return BY_RANK if self._is_ranked else self.keyset

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        self._check_parameters()
        found = super().filter_queryset(queryset)
        if not self._is_ranked:
            return found
        assert isinstance(found, MessageQuerySet)  # noqa: S101  (a list of messages)
        return found.ranked(compile_query(self.request.query_params["search"]))

    def list(self, _request: Request, *_args: str, **_kwargs: str) -> Response:
        page = self._read_page()
        if self.request.query_params.get("highlight", "").lower() in ("1", "true"):
            query = compile_query(self.request.query_params["search"])
            page = [{**row, "highlight": highlight(query, row["text"], row["transcript"])} for row in page]
        return self.get_paginated_response(page)

    def _read_page(self) -> Rows:
        """Of a frequent word, from the messages next to the cursor; from all of them if that is no full page.

        Reading on until the page is full would read everything where a word was frequent long ago, or two
        frequent words never meet.
        """
        found = self.filter_queryset(self.get_queryset())
        nearby = self._nearby(found)
        if nearby is not None:
            page: Rows = self.paginate_queryset(nearby[0]) or []
            paginator = cast("KeysetPagination", self.paginator)
            if (paginator.next if nearby[1] else paginator.previous) is not None:
                return page
            found = cast("MessageQuerySet", found).by_index()
        return cast("Rows", self.paginate_queryset(found))

    def _nearby(self, found: QuerySet[Any]) -> tuple[QuerySet[Any], bool] | None:
        """Where it pays: what was found among messages next to the cursor; whether that reads forward."""
        given = self.request.query_params
        if not isinstance(found, MessageQuerySet) or found.walk is None or _NARROW & set(given.keys()):
            return None
        forward = True
        messages: QuerySet[Message] = Message.objects.all()
        if "cursor" in given:
            try:
                cursor = Cursor.decode(given["cursor"], BY_TIME)
            except ValueError:
                return None  # the page says so
            messages, forward = BY_TIME.seek(messages, cursor.key, forward=cursor.forward), cursor.forward
        length = found.walk.length(read_limit(self.request))
        end = BY_TIME.order(messages, forward=forward).values("timestamp")[length : length + 1]
        side = "timestamp__gte" if forward else "timestamp__lte"
        return found.filter(**{side: Subquery(end)}), forward

    @property
    def _is_ranked(self) -> bool:
        return self.action == "list" and self.request.query_params.get("ordering") == "rank"

    def _check_parameters(self) -> None:
        given = self.request.query_params
        dependent = [name for name in ("highlight", "ordering") if name in given]
        if "search" not in given and (given.get("ordering") == "rank" or "highlight" in given):
            raise ValidationError(dict.fromkeys(dependent, _WITHOUT_SEARCH))
        if "after" in given and "ordering" in given:
            raise ValidationError({"ordering": _WITH_AFTER})
