"""What all viewsets of the API share."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.api.pagination import Keyset, KeysetPagination
from cvgorod_hub.api.parameters import QueryParameters, StrictSerializer, check_parameters


class HubViewSet(GenericViewSet[Any]):
    """Declares its scope, and refuses query parameters that the called action does not know.

    `list` takes the filters of `filterset_class` and the page's own parameters; any other action takes
    those of its class in `parameters`, which `read_parameters` gives, validated.
    """

    required_scope: str | None = None
    keyset: Keyset
    filterset_class: Any = None
    pagination_class: Any = None
    parameters: ClassVar[Mapping[str, type[QueryParameters]]] = {}
    lookup_value_regex = r"-?[0-9]{1,19}"

    @property
    def key(self) -> ApiKey:
        """The caller's key."""
        key = self.request.auth
        assert isinstance(key, ApiKey)  # noqa: S101  (HasScope let nobody else in)
        return key

    def get_keyset(self) -> Keyset:
        return self.keyset

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = set(self._parameter_class()().fields)
        may_be_empty: tuple[str, ...] = ()
        paginator = self.paginator
        if self.action == "list" and isinstance(paginator, KeysetPagination):
            known |= {*paginator.parameter_names, *getattr(self.filterset_class, "base_filters", {})}
            may_be_empty = paginator.may_be_empty
        check_parameters(request.query_params, known=known, may_be_empty=may_be_empty)

    def read_parameters(self) -> dict[str, Any]:
        serializer = self._parameter_class()(data=self.request.query_params)
        serializer.is_valid(raise_exception=True)
        parameters: dict[str, Any] = serializer.validated_data
        return parameters

    def read_body(self, body_class: type[StrictSerializer]) -> dict[str, Any]:
        serializer = body_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        body: dict[str, Any] = serializer.validated_data
        return body

    def _parameter_class(self) -> type[QueryParameters]:
        return self.parameters.get(self.action or "", QueryParameters)


class RowListViewSet(HubViewSet):
    """`list` is a page of rows."""

    pagination_class = KeysetPagination

    def list(self, _request: Request, *_args: str, **_kwargs: str) -> Response:
        return self.get_paginated_response(self.paginate_queryset(self.filter_queryset(self.get_queryset())))
