"""/clients."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.filters import ClientFilterSet
from clients.models import RoleName, TelegramUser
from clients.querysets import TelegramUserQuerySet
from clients.serializers import ActiveClientsBody, ClientRow
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.pagination import Keyset
from cvgorod_hub.api.parameters import DaysParameters, days_ago
from cvgorod_hub.api.views import RowListViewSet, is_visible


@extend_schema_view(
    list=extend_schema(summary="People of our clients"),
    retrieve=extend_schema(summary="One person, of our own team too"),
)
class ClientViewSet(RowListViewSet):
    required_scope = Scope.READ
    queryset = TelegramUserQuerySet(TelegramUser).with_messages_count()
    serializer_class = ClientRow
    filterset_class = ClientFilterSet
    parameters = {"active": DaysParameters}

    keysets = {
        "newest": Keyset({"first_seen": datetime, "id": int}),
        "active": Keyset({"last_seen": datetime, "id": int}),
    }

    @classmethod
    def rows(cls, *, is_limited: bool) -> QuerySet[TelegramUser]:
        """With the messages that there are for the caller, and whom there are none of is not there."""
        if not is_limited:
            return TelegramUserQuerySet(TelegramUser).with_messages_count()
        seen = is_visible("messages__chat_id")
        people = TelegramUserQuerySet(TelegramUser).with_messages_count(among=seen)
        return people.filter(Q(messages_count__gt=0))

    def retrieve(self, _request: Request, pk: str) -> HttpResponse:
        return self.read_document(pk)

    @extend_schema(summary="How many clients wrote lately", responses=ActiveClientsBody)
    @action(detail=False, url_path="stats/active", filterset_class=None, pagination_class=None)
    def active(self, _request: Request) -> Response:
        days = self.read_parameters()["days"]
        clients = TelegramUser.objects.filter(
            role__role_name=RoleName.CLIENT, messages__timestamp__gte=days_ago(days)
        )
        counted = clients.aggregate(active_clients=Count("pk", distinct=True))
        return Response({**counted, "days": days})
