"""Pages by key: a cursor says which row came last, and the next page begins after it.

DRF's CursorPagination tells rows of the same time apart by an offset, so rows that arrive within a
second shift the page; Telegram's times are whole seconds. Here the comparison is of the whole key
(cvgorod_hub/api/keysets.py), which one index answers at any depth. Nothing is ever counted.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, ClassVar, Protocol, cast
from urllib.parse import urlencode

import orjson
from django.http import HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.views import APIView

from cvgorod_hub.api.keysets import Cursor, Keyset
from cvgorod_hub.api.renderers import JsonText
from cvgorod_hub.common.statements import Statement

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
CURSOR_PATTERN = "[A-Za-z0-9_-]"
# What stands in the examples of OpenAPI.
EXAMPLES: dict[type, Any] = {datetime: datetime(2026, 11, 22, 9, 29, 58, tzinfo=UTC), int: 1007}
# Shapes of pages that a process keeps compiled; a few kilobytes each.
MAX_STATEMENTS = 512


class PagedView(Protocol):
    """What a page needs of its view's class and of the call."""

    keysets: ClassVar[Mapping[str, Keyset]]
    request: Request

    @classmethod
    def compile_page(cls, shape: "PageShape") -> Statement: ...

    def read_shape(self) -> "tuple[PageShape, dict[str, Any]]": ...


@dataclass(frozen=True)
class PageShape:
    """What decides a page's SQL; pages of one shape share one statement.

    `seek` is empty for a first page, else "after" or "before" the cursor's row. `is_limited`: to the chats
    that exist for the key.
    """

    order: str
    limit: int
    filters: tuple[tuple[str, Hashable], ...]
    is_limited: bool
    seek: str = ""

    @property
    def is_forward(self) -> bool:
        return self.seek != "before"


@dataclass(frozen=True, kw_only=True)
class Page:
    """`documents` are JSON texts, each a row."""

    documents: Sequence[str]
    next: str | None = None
    previous: str | None = None

    def as_response(self) -> HttpResponse:
        links = f'{{"next":{_quoted(self.next)},"previous":{_quoted(self.previous)},"results":['
        return JsonText(f"{links}{','.join(self.documents)}]}}")


class KeysetPagination(BasePagination):
    """Pages by one of the view's keysets."""

    parameter_names: tuple[str, ...] = ("cursor", "limit")
    may_be_empty: tuple[str, ...] = ()

    def read_page(self, view: PagedView) -> Page:
        shape, values = view.read_shape()
        cursor = read_cursor(view.request, "cursor", view.keysets[shape.order])
        forward = cursor is None or cursor.forward
        if cursor is not None:
            shape = replace(shape, seek="after" if forward else "before")
        rows, has_more = self.read_rows(view, shape, values, cursor)
        if not forward:
            rows.reverse()
        has_next = has_more if forward else bool(rows)
        has_previous = (cursor is not None and bool(rows)) if forward else has_more
        link = partial(make_link, view.request, "cursor")
        return Page(
            documents=[document for document, _key in rows],
            next=link(Cursor.at(rows[-1][1])) if has_next else None,
            previous=link(Cursor.at(rows[0][1], forward=False)) if has_previous else None,
        )

    def read_rows(
        self, view: PagedView, shape: PageShape, values: Mapping[str, Any], cursor: Cursor | None
    ) -> tuple[list[tuple[str, str]], bool]:
        """At most `limit` rows of (JSON text, key as JSON text), and whether there are more."""
        key = {} if cursor is None else view.keysets[shape.order].values(cursor.key)
        statement = page_statement(type(view), shape)
        # A plan for any list of chats reads everybody's messages on until a quiet chat has filled a page.
        rows = statement.page({**values, **key}, plan_anew=shape.is_limited)
        has_more = len(rows) > shape.limit
        del rows[shape.limit :]
        return rows, has_more

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link: dict[str, Any] = {"type": ["string", "null"], "format": "uri"}
        following = {
            **link,
            "example": f"http://127.0.0.1:8300/api/v1/chats?cursor={_example(datetime, int)}",
        }
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": following, "previous": {**link, "example": None}, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        keyset = next(iter(cast("type[PagedView]", type(view)).keysets.values()))
        cursor = {
            "type": "string",
            "pattern": f"^{CURSOR_PATTERN}+$",
            "examples": [_example(*keyset.columns.values())],
        }
        return [
            _parameter("cursor", cursor, "Where to go on; taken from `next` or `previous`."),
            _parameter("limit", limit, "Rows per page."),
        ]


def read_cursor(request: Request, name: str, keyset: Keyset) -> Cursor | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return Cursor.decode(text, keyset)
    except ValueError:
        raise ValidationError({name: "Not a cursor of this list; take it from `next`."}) from None


def make_link(request: Request, name: str, cursor: Cursor) -> str:
    """The address of this call with another cursor.

    Made of what was understood, not of what was written: a query string whose letters are not escaped, as
    curl sends it, reaches Django as bytes taken for Latin-1.
    """
    given = {**request.query_params.dict(), name: cursor.encode()}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(sorted(given.items()))}"


@lru_cache(maxsize=MAX_STATEMENTS)
def page_statement(view_class: type[PagedView], shape: PageShape) -> Statement:
    return view_class.compile_page(shape)


def _quoted(text: str | None) -> str:
    return orjson.dumps(text).decode()


def read_limit(request: Request, default: int = DEFAULT_LIMIT) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_LIMIT):
        raise ValidationError({"limit": f"Not a whole number from 1 to {MAX_LIMIT}."})
    return int(text)


def _example(*kinds: type) -> str:
    return Cursor(tuple(EXAMPLES[kind] for kind in kinds)).encode()


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
