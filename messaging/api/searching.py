"""What a list of messages does with `search`: how it is looked for, its order by rank, and marks in it.

A search is read in two steps: which messages, by a statement that PostgreSQL plans anew for these very words,
and then their rows by number, as other lists have them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import orjson
from django.contrib.postgres.search import SearchQueryField
from django.db.models import QuerySet, Subquery
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from cvgorod_hub.api.filters import BIGINT
from cvgorod_hub.api.keysets import Cursor, Keyset
from cvgorod_hub.api.pagination import MAX_STATEMENTS, KeysetPagination, PagedView, PageShape
from cvgorod_hub.api.views import RowListViewSet
from cvgorod_hub.common.statements import (
    IsOneOf,
    Param,
    Statement,
    compile_documents,
    compile_values,
    json_array,
    moment,
    number,
    numbers,
)
from messaging.models import Message
from messaging.querysets import MessageQuerySet
from messaging.search import CompiledQuery, highlight
from messaging.search.plans import plan, stretch
from messaging.serializers import MessageRow

BY_TIME = Keyset({"timestamp": datetime, "id": int})
BY_RANK = Keyset({"search_rank": int, "id": int})
RANK_ORDER = "rank"
# With these, PostgreSQL's own choice is among few messages.
_NARROW = frozenset({"chat_id", "user_id"})
_STRETCH_END = "end of the stretch"
[_, _ID_OF_CURSOR] = BY_TIME.values((None, 0))
_WITHOUT_SEARCH = "Only with `search`."


class FoundMessageRow(MessageRow):
    """A message, and with `highlight` what was found in it."""

    highlight = serializers.CharField(
        required=False,
        help_text="With `highlight`: some of the text, HTML-escaped, what was found in <mark></mark>.",
    )


@dataclass(frozen=True)
class Way:
    """How to look: in the index of words, among so many messages next to the cursor, else freely.

    `stretch` is among about so many too, by a time that is found out before.
    """

    by_index: bool = False
    among_next: int = 0
    stretch: int = 0


class SearchPagination(KeysetPagination):
    """Pages of messages; those of a search are looked for in the way that suits its words."""

    def read_rows(
        self, view: PagedView, shape: PageShape, values: Mapping[str, Any], cursor: Cursor | None
    ) -> tuple[list[tuple[str, str]], bool]:
        query = values.get("search")
        if not isinstance(query, CompiledQuery):
            return super().read_rows(view, shape, values, cursor)
        if not query:
            return [], False
        texts = {**values, "search": str(query)}
        if shape.order not in MessageListViewSet.keysets:  # the feed has an order and an end of its own
            return super().read_rows(view, shape, texts, cursor)
        key = {} if cursor is None else view.keysets[shape.order].values(cursor.key)
        found: list[tuple[Any, ...]] = []
        view_class = cast("type[MessageListViewSet]", type(view))  # only messages are searched
        for way in _ways(query, shape, view_class):
            if way.stretch:
                end = _end_of_stretch(way.stretch, shape, key)
                if end is None:
                    continue
                key[_STRETCH_END] = end
            found = found_statement(view_class, shape, way).rows({**texts, **key}, plan_anew=True)
            if len(found) > shape.limit:
                break
        has_more = len(found) > shape.limit
        return _with_documents(found[: shape.limit], query if values.get("highlight") else None), has_more


class MessageListViewSet(RowListViewSet):
    """Lists messages by time, or what a search found by rank. Its filter set is MessageFilterSet."""

    serializer_class = MessageRow
    pagination_class: type[KeysetPagination] = SearchPagination
    keysets = {"newest": BY_TIME, RANK_ORDER: BY_RANK}
    chat_path = "chat_id"

    @classmethod
    def compile_found(cls, shape: PageShape, way: Way) -> Statement:
        """What is found, as (number, key)."""
        keyset = cls.keysets[shape.order]
        messages = cls.narrow(cls.rows(is_limited=shape.is_limited), dict(shape.filters))
        assert isinstance(messages, MessageQuerySet)  # noqa: S101  (`rows`)
        if way.by_index:
            messages = messages.by_index()
        if way.among_next:
            messages = messages.filter(**_not_beyond(way.among_next, shape))
        if way.stretch:
            messages = messages.filter(**{_side(shape): moment(_STRETCH_END)})
        if shape.order == RANK_ORDER:
            messages = messages.ranked(Param("search", SearchQueryField()))
        if shape.seek:
            messages = keyset.seek(messages, forward=shape.is_forward)
        messages = keyset.order(messages, forward=shape.is_forward)[: shape.limit + 1]
        return compile_values(messages.values_list("id", json_array(*keyset.columns)))

    def choose_order(self, filters: Mapping[str, Any]) -> str:
        self._check(filters)
        return super().choose_order(filters)

    def _check(self, filters: Mapping[str, Any]) -> None:
        given = self.request.query_params
        if "search" not in filters and (filters.get("ordering") == RANK_ORDER or "highlight" in given):
            dependent = [name for name in ("highlight", "ordering") if name in given]
            raise ValidationError(dict.fromkeys(dependent, _WITHOUT_SEARCH))
        if "after" in given and "ordering" in given:
            raise ValidationError({"ordering": "Not with `after`: the feed has an order of its own."})


def _ways(query: CompiledQuery, shape: PageShape, view_class: type[MessageListViewSet]) -> Iterator[Way]:
    """Of a frequent word, among the messages next to the cursor; in the index if that is no full page.

    Reading on until the page is full would read everything where a word was frequent long ago, or two
    frequent words never meet.
    """
    walk = plan(query)
    is_narrow = bool(view_class.path_arguments) or any(name in _NARROW for name, _value in shape.filters)
    if walk is None:
        if not is_narrow and shape.order != RANK_ORDER and (length := stretch(query, shape.limit)):
            yield Way(by_index=True, stretch=length)
        yield Way(by_index=True)
    elif is_narrow or shape.order == RANK_ORDER:
        yield Way()
    else:
        yield Way(among_next=walk.length(shape.limit))
        yield Way(by_index=True)


def _not_beyond(length: int, shape: PageShape) -> dict[str, Any]:
    """As a filter: the time is not beyond that of the so-manieth message after the cursor."""
    messages: QuerySet[Message] = Message.objects.all()
    if shape.seek:
        messages = BY_TIME.seek(messages, forward=shape.is_forward)
    end = BY_TIME.order(messages, forward=shape.is_forward).values("timestamp")[length : length + 1]
    return {_side(shape): Subquery(end)}


def _side(shape: PageShape) -> str:
    return "timestamp__gte" if shape.is_forward else "timestamp__lte"


def _end_of_stretch(length: int, shape: PageShape, key: Mapping[str, Any]) -> datetime | None:
    """A time about `length` messages away from the cursor, by their numbers; None where history is shorter.

    Messages that came out of their order make the stretch longer or shorter; what is found in it is right all
    the same. PostgreSQL is to see the time when it plans: of one that it does not know, it expects a third of
    all messages.
    """
    step = -length if shape.is_forward else length
    at = {"id": _bounded(key[_ID_OF_CURSOR] + step)} if shape.seek else {"length": length}
    rows = _stretch_statement(is_forward=shape.is_forward, seek=shape.seek).rows(at)
    return cast("datetime", rows[0][0]) if rows else None


@lru_cache(maxsize=4)
def _stretch_statement(*, is_forward: bool, seek: bool) -> Statement:
    newest_first = Message.objects.order_by("-id")
    at = number("id") if seek else Subquery(newest_first.values("id")[:1]) - number("length")
    beyond = (
        newest_first.filter(id__lte=at) if is_forward else Message.objects.filter(id__gte=at).order_by("id")
    )
    return compile_values(beyond.values_list("timestamp")[:1])


def _bounded(place: int) -> int:
    return max(-BIGINT, min(place, BIGINT - 1))


def _with_documents(found: list[tuple[Any, ...]], query: CompiledQuery | None) -> list[tuple[str, str]]:
    """(JSON text, key) for each (number, key), marked where a query is given."""
    rows = _rows_by_number(with_texts=query is not None).rows({"ids": [number for number, _key in found]})
    documents = {number: _marked(document, query, *texts) for document, number, *texts in rows}
    return [(documents[number], key) for number, key in found if number in documents]


def _marked(document: str, query: CompiledQuery | None, *texts: str) -> str:
    if query is None:
        return document
    return f'{document[:-1]},"highlight":{orjson.dumps(highlight(query, *texts)).decode()}}}'


@lru_cache(maxsize=MAX_STATEMENTS)
def found_statement(view_class: type[MessageListViewSet], shape: PageShape, way: Way) -> Statement:
    return view_class.compile_found(shape, way)


@lru_cache(maxsize=2)
def _rows_by_number(*, with_texts: bool) -> Statement:
    rows = Message.objects.with_automatic().filter(IsOneOf("pk", numbers("ids")))
    texts = ("text", "transcript") if with_texts else ()
    return compile_documents(rows, columns=MessageRow.columns(), also=("id", *texts))
