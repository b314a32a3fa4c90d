"""/clients."""

from datetime import datetime

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from clients.filters import ClientFilterSet
from clients.models import TelegramUser
from clients.querysets import TelegramUserQuerySet
from clients.serializers import ClientRow
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.pagination import Keyset
from cvgorod_hub.api.views import RowListViewSet


@extend_schema_view(
    list=extend_schema(summary="People of our clients"),
    retrieve=extend_schema(summary="One person, of our own team too"),
)
class ClientViewSet(RowListViewSet):
    required_scope = Scope.READ
    queryset = TelegramUserQuerySet(TelegramUser).with_messages_count()
    serializer_class = ClientRow
    filterset_class = ClientFilterSet

    def get_keyset(self) -> Keyset:
        by_activity = self.request.query_params.get("ordering") == "active"
        return Keyset({"last_seen" if by_activity else "first_seen": datetime, "id": int})

    def retrieve(self, _request: Request, pk: str) -> Response:
        rows = ClientRow.select(self.get_queryset().filter(pk=pk))
        if not rows:
            raise Http404
        return Response(rows[0])
