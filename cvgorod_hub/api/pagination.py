"""Pages by key: a cursor says which row came last, and the next page begins after it.

DRF's CursorPagination tells rows of the same time apart by an offset, so rows that arrive within a
second shift the page; Telegram's times are whole seconds. Here the comparison is of the whole key,
(timestamp, id) < (…, …), which one index answers at any depth. Nothing is ever counted.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

import orjson
from django.db.models import QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from cvgorod_hub.api.filters import BIGINT
from cvgorod_hub.api.rows import RowSerializer

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


@dataclass(frozen=True)
class Keyset:
    """The columns that order a list, with their types; the last is unique, none is ever null."""

    columns: Mapping[str, type[datetime] | type[int]]
    newest_first: bool = True

    def order(self, queryset: QuerySet[Any], *, forward: bool = True) -> QuerySet[Any]:
        sign = "-" if self.newest_first == forward else ""
        return queryset.order_by(*(f"{sign}{column}" for column in self.columns))

    def seek(self, queryset: QuerySet[Any], key: tuple[Any, ...], *, forward: bool = True) -> QuerySet[Any]:
        """What stands after the key (before it, for `forward=False`)."""
        lookup = TupleLessThan if self.newest_first == forward else TupleGreaterThan
        return queryset.filter(lookup(Tuple(*self.columns), key))

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[column] for column in self.columns)


@dataclass(frozen=True)
class Cursor:
    """A place in a list, and which way to read from it."""

    key: tuple[Any, ...]
    forward: bool = True

    def encode(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps([int(self.forward), *self.key])).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, keyset: Keyset) -> "Cursor":
        """Raises ValueError for anything that `encode` did not make for this keyset."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            forward, *values = orjson.loads(raw)
        except (binascii.Error, orjson.JSONDecodeError, TypeError) as error:
            raise ValueError("not a cursor") from error
        kinds = list(keyset.columns.values())
        if forward not in (0, 1) or len(values) != len(kinds):
            raise ValueError("not a cursor of this list")
        key = tuple(_restore(value, kind) for value, kind in zip(values, kinds, strict=True))
        return cls(key=key, forward=bool(forward))


def _restore(value: object, kind: type) -> object:
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment
    if kind is int and type(value) is int and -BIGINT <= value < BIGINT:
        return value
    raise ValueError("not a cursor of this list")


class PagedView(Protocol):
    """What a page needs of its view."""

    def get_keyset(self) -> Keyset: ...

    def get_serializer_class(self) -> type[RowSerializer]: ...


class KeysetPagination(BasePagination):
    """Pages by the view's keyset, of rows as its RowSerializer declares them."""

    parameter_names: tuple[str, ...] = ("cursor", "limit")
    may_be_empty: tuple[str, ...] = ()

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        self.view = cast("PagedView", view)
        self.keyset = self.view.get_keyset()
        self.limit = read_limit(request)
        return self.read_page(cast("QuerySet[Any]", queryset))

    def read_page(self, queryset: QuerySet[Any]) -> list[dict[str, Any]]:
        cursor = self.read_cursor("cursor")
        forward = cursor is None or cursor.forward
        if cursor is not None:
            queryset = self.keyset.seek(queryset, cursor.key, forward=forward)
        rows, keys, has_more = self.fetch(self.keyset.order(queryset, forward=forward))
        if not forward:
            rows.reverse()
            keys.reverse()
        has_next = has_more if forward else bool(rows)
        has_previous = (cursor is not None and bool(rows)) if forward else has_more
        self.next = self.link("cursor", Cursor(keys[-1])) if has_next else None
        self.previous = self.link("cursor", Cursor(keys[0], forward=False)) if has_previous else None
        return rows

    def read_cursor(self, name: str) -> Cursor | None:
        text = self.request.query_params.get(name)
        if not text:
            return None
        try:
            return Cursor.decode(text, self.keyset)
        except ValueError:
            raise ValidationError({name: "Not a cursor of this list; take it from `next`."}) from None

    def fetch(self, queryset: QuerySet[Any]) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]], bool]:
        """At most `limit` rows, the key of each, and whether there are more."""
        row_class = self.view.get_serializer_class()
        hidden = [column for column in self.keyset.columns if column not in row_class.columns()]
        rows = row_class.select(queryset[: self.limit + 1], *hidden)
        has_more = len(rows) > self.limit
        del rows[self.limit :]
        keys = [self.keyset.key_of(row) for row in rows]
        for column in hidden:
            for row in rows:
                del row[column]
        return rows, keys, has_more

    def link(self, name: str, cursor: Cursor) -> str:
        return replace_query_param(self.request.build_absolute_uri(), name, cursor.encode())

    def get_paginated_response(self, data: object) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            _parameter("cursor", {"type": "string"}, "Where to go on; taken from `next` or `previous`."),
            _parameter("limit", limit, "Rows per page."),
        ]


def read_limit(request: Request, default: int = DEFAULT_LIMIT) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_LIMIT):
        raise ValidationError({"limit": f"Not a whole number from 1 to {MAX_LIMIT}."})
    return int(text)


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
