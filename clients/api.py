"""/clients."""

from datetime import datetime

from django.db.models import Count, F, Max, Min, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from clients import examples
from clients.filters import ClientFilterSet
from clients.models import TelegramUser
from clients.querysets import TelegramUserQuerySet
from clients.serializers import ClientRow
from cvgorod_hub.api.keysets import Keyset
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.views import RowListViewSet, is_visible


@extend_schema_view(
    list=extend_schema(summary="People of our clients"),
    retrieve=extend_schema(summary="One person, of our own team too"),
)
class ClientViewSet(RowListViewSet):
    required_scope = Scope.READ
    may_lag = True
    queryset = TelegramUserQuerySet(TelegramUser).with_messages_count()
    serializer_class = ClientRow
    filterset_class = ClientFilterSet
    answers = {"list": examples.CLIENT, "retrieve": examples.CLIENT}

    keysets = {
        "newest": Keyset({"first_here": datetime, "id": int}),
        "active": Keyset({"last_here": datetime, "id": int}),
    }

    @classmethod
    def rows(cls, *, is_limited: bool) -> QuerySet[TelegramUser]:
        """With what there is of them for the caller: a limited key knows who wrote in its chats, and when."""
        if not is_limited:
            people = TelegramUserQuerySet(TelegramUser).with_messages_count()
            return people.annotate(first_here=F("first_seen"), last_here=F("last_seen"))
        return (
            TelegramUserQuerySet(TelegramUser)
            .filter(is_visible("messages__chat_id"))
            .annotate(
                messages_count=Count("messages"),
                first_here=Min("messages__timestamp"),
                last_here=Max("messages__timestamp"),
            )
        )

    def retrieve(self, _request: Request, pk: str) -> HttpResponse:
        return self.read_document(pk)
