"""/clients."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from clients import examples
from clients.filters import ClientFilterSet
from clients.models import TelegramUser
from clients.querysets import TelegramUserQuerySet
from clients.serializers import ClientRow
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.pagination import Keyset
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
    answers = {"list": examples.CLIENT, "retrieve": examples.CLIENT}

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
