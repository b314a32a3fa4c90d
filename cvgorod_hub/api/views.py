"""What all viewsets of the API share."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from cvgorod_hub.api.filters import BIGINT
from cvgorod_hub.api.keysets import Keyset
from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.api.pagination import KeysetPagination, Page, PageShape, read_limit
from cvgorod_hub.api.parameters import QueryParameters, StrictSerializer, check_parameters, read_with
from cvgorod_hub.api.renderers import JsonText
from cvgorod_hub.api.rows import RowSerializer
from cvgorod_hub.common.replica import back_to_primary, is_reading_replica, read_replica, reading_primary
from cvgorod_hub.common.statements import IsOneOf, Statement, compile_documents, compile_page, number, numbers

VISIBLE_CHATS = "visible chats"


class HubViewSet(GenericViewSet[Any]):
    """Declares its scope, and refuses query parameters that the called action does not know.

    `list` takes the filters of `filterset_class` and the page's own parameters; any other action takes
    those of its class in `parameters`, which `read_parameters` gives, validated.
    """

    required_scope: str | None = None
    # Its answers may be some seconds old, so a replica gives them where there is one. Its calls only read.
    may_lag: ClassVar[bool] = False
    filterset_class: Any = None
    pagination_class: Any = None
    parameters: ClassVar[Mapping[str, type[QueryParameters]]] = {}
    # For OpenAPI: what an action answers (of a list, one row), and the meaning of the path's arguments, each
    # with an example; that of `id` is the row's own.
    answers: ClassVar[Mapping[str, Any]] = {}
    path_help: ClassVar[Mapping[str, tuple[str, object]]] = {}
    lookup_value_regex = r"-?[0-9]{1,19}"

    @property
    def key(self) -> ApiKey:
        """The caller's key."""
        key = self.request.auth
        assert isinstance(key, ApiKey)  # noqa: S101  (HasScope let nobody else in)
        return key

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Nothing: there is one format, and which methods are allowed is said where one is refused."""
        return {}

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with reading_primary():
            return super().dispatch(*args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.may_lag:
            read_replica()  # only now: a key that was revoked is refused at once
        if not self.action:
            return  # a method that is not allowed; its 405 follows
        known, may_be_empty = _known_parameters(type(self), self.action)
        check_parameters(request.query_params, known=known, may_be_empty=may_be_empty)

    def handle_exception(  # type: ignore[override]  # actions answer with plain responses, too
        self, exc: Exception
    ) -> HttpResponseBase:
        """What the replica could not answer, or does not have, is asked of the primary, once.

        The feed, a webhook or `/send` has told of a row that the replica may not have yet.
        """
        if not (is_reading_replica() and isinstance(exc, DatabaseError | InterfaceError | Http404)):
            return super().handle_exception(exc)
        back_to_primary(exc)
        try:
            answer: HttpResponseBase = getattr(self, self.action)(self.request, *self.args, **self.kwargs)
        except Exception as again:  # as `dispatch` does, whose handler this is
            return super().handle_exception(again)
        return answer

    def read_parameters(self) -> dict[str, Any]:
        return read_with(self.parameters[self.action], self.request.query_params)

    def visible_values(self) -> dict[str, Any]:
        """The chats that exist for the key, for statements of which they are a part."""
        return {VISIBLE_CHATS: self.key.chat_ids} if self.key.is_limited else {}

    def read_body(self, body_class: type[StrictSerializer]) -> dict[str, Any]:
        return read_with(body_class, self.request.data)


@cache
def _known_parameters(view_class: type[HubViewSet], action: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The parameters that a call takes, and those of them that may be empty."""
    known = set(view_class.parameters.get(action, QueryParameters)().fields)
    page_class = view_class.pagination_class
    if action != "list" or page_class is None:
        return frozenset(known), ()
    filters = getattr(view_class.filterset_class, "base_filters", {})
    return frozenset({*known, *page_class.parameter_names, *filters}), page_class.may_be_empty


class RowListViewSet(HubViewSet):
    """`list` is a page of rows, `read_document` one row; both as PostgreSQL writes them.

    A statement is compiled for the class and kept, so whatever differs from call to call is a Param in
    `rows` and gets its value from `path_values`.
    """

    queryset: QuerySet[Any]
    serializer_class: type[RowSerializer]
    pagination_class = KeysetPagination
    keysets: ClassVar[Mapping[str, Keyset]]
    # Where a row's chat stands, for keys that only some chats exist for.
    chat_path: ClassVar[str]
    # Arguments of the path that `rows` uses as Params.
    path_arguments: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def rows(cls, *, is_limited: bool) -> QuerySet[Any]:
        """All rows that there are for the caller."""
        queryset = cls.queryset.all()
        return queryset.filter(is_visible(cls.chat_path)) if is_limited else queryset

    @classmethod
    def compile_page(cls, shape: PageShape) -> Statement:
        keyset = cls.keysets[shape.order]
        queryset = cls.narrow(cls.rows(is_limited=shape.is_limited), dict(shape.filters))
        if shape.seek:
            queryset = keyset.seek(queryset, forward=shape.is_forward)
        queryset = keyset.order(queryset, forward=shape.is_forward)[: shape.limit + 1]
        return compile_page(queryset, columns=cls.serializer_class.columns(), key=tuple(keyset.columns))

    @classmethod
    def compile_detail(cls, *, is_limited: bool) -> Statement:
        queryset = cls.rows(is_limited=is_limited).filter(pk=number("pk"))
        return compile_documents(queryset, columns=cls.serializer_class.columns())

    @classmethod
    def narrow(cls, queryset: QuerySet[Any], filters: Mapping[str, Any]) -> QuerySet[Any]:
        return cls.filterset_class.narrow(queryset, filters) if cls.filterset_class else queryset

    def list(self, _request: Request, *_args: str, **_kwargs: str) -> HttpResponse:
        return self.read_page().as_response()

    def read_page(self) -> Page:
        paginator = self.paginator
        assert isinstance(paginator, KeysetPagination)  # noqa: S101  (`pagination_class`)
        return paginator.read_page(self)

    def read_shape(self) -> tuple[PageShape, dict[str, Any]]:
        """The shape of the first page, and the values of all Params but the cursor's."""
        filters = self.filterset_class.read(self.request.query_params) if self.filterset_class else {}
        shape = PageShape(
            order=self.choose_order(filters),
            limit=read_limit(self.request),
            filters=self.filterset_class.shape(filters) if self.filterset_class else (),
            is_limited=self.key.is_limited,
        )
        return shape, {**filters, **self.path_values(), **self.visible_values()}

    def choose_order(self, filters: Mapping[str, Any]) -> str:
        """The first of the keysets where the caller does not choose."""
        return filters.get("ordering") or next(iter(self.keysets))

    def path_values(self) -> dict[str, Any]:
        return {name: read_number(self.kwargs[name]) for name in self.path_arguments}

    def read_document(self, pk: str) -> HttpResponse:
        """The row with this key; a 404 where there is none for the caller."""
        statement = detail_statement(type(self), is_limited=self.key.is_limited)
        rows = statement.rows({"pk": read_number(pk), **self.visible_values()})
        if not rows:
            raise Http404
        [[document]] = rows
        return JsonText(document)


@cache
def detail_statement(view_class: type[RowListViewSet], *, is_limited: bool) -> Statement:
    return view_class.compile_detail(is_limited=is_limited)


def is_visible(chat_path: str) -> IsOneOf:
    """The condition that a row's chat exists for the key; its Param's value is in `visible_values`."""
    return IsOneOf(chat_path, numbers(VISIBLE_CHATS))


def read_number(text: str) -> int:
    """A number of the path; one beyond bigint names no row."""
    value = int(text)
    if not -BIGINT <= value < BIGINT:
        raise Http404
    return value
