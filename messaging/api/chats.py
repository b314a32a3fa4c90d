"""/chats, who speaks in one, and where a client waits."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import TelegramUser
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.pagination import Keyset
from cvgorod_hub.api.views import RowListViewSet
from messaging.filters import ChatFilterSet
from messaging.models import Chat
from messaging.serializers import ChatRow, HoursParameters, ParticipantRow, WaitingRow
from messaging.waiting import waiting_chats


@extend_schema_view(
    list=extend_schema(summary="Chats"),
    retrieve=extend_schema(summary="One chat"),
)
class ChatViewSet(RowListViewSet):
    required_scope = Scope.READ
    queryset = Chat.objects.with_activity()
    serializer_class = ChatRow
    filterset_class = ChatFilterSet

    def get_keyset(self) -> Keyset:
        by_activity = self.request.query_params.get("ordering") == "active"
        return Keyset({"active_at" if by_activity else "created_at": datetime, "id": int})

    def retrieve(self, _request: Request, pk: str) -> Response:
        rows = ChatRow.select(self.get_queryset().filter(pk=pk))
        if not rows:
            raise Http404
        return Response(rows[0])


@extend_schema_view(list=extend_schema(summary="Who has written in a chat; the newest account first"))
class ParticipantViewSet(RowListViewSet):
    required_scope = Scope.READ
    queryset = TelegramUser.objects.all()
    serializer_class = ParticipantRow
    keyset = Keyset({"id": int})

    def get_queryset(self) -> QuerySet[Any]:
        people: QuerySet[Any] = super().get_queryset()
        if "chat_id" not in self.kwargs:  # while the schema is made
            return people
        chat = get_object_or_404(Chat.objects.only("pk"), pk=self.kwargs["chat_id"])
        counts = {"messages_count": Count("messages"), "last_message_at": Max("messages__timestamp")}
        participants: QuerySet[Any] = people.filter(messages__chat=chat).annotate(**counts)
        return participants


@extend_schema_view(list=extend_schema(summary="Chats in which a client waits; the longest wait first"))
class UnansweredViewSet(RowListViewSet):
    required_scope = Scope.READ
    queryset = Chat.objects.all()
    serializer_class = WaitingRow
    keyset = Keyset({"waiting_since": datetime, "id": int}, newest_first=False)
    parameters = {"list": HoursParameters}

    def get_queryset(self) -> QuerySet[Any]:
        hours = self.read_parameters()["hours"]
        return waiting_chats(since=timezone.now() - timedelta(hours=hours))
