"""/chats, who speaks in one, and where a client waits."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from clients.models import TelegramUser
from cvgorod_hub.api.keysets import Keyset
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.views import RowListViewSet, is_visible
from cvgorod_hub.common.statements import moment, number
from messaging import examples
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
    may_lag = True
    queryset = Chat.objects.with_activity()
    serializer_class = ChatRow
    filterset_class = ChatFilterSet
    chat_path = "id"
    answers = {"list": examples.CHAT, "retrieve": examples.CHAT}

    keysets = {
        "newest": Keyset({"created_at": datetime, "id": int}),
        "active": Keyset({"active_at": datetime, "id": int}),
    }

    def retrieve(self, _request: Request, pk: str) -> HttpResponse:
        return self.read_document(pk)


@extend_schema_view(list=extend_schema(summary="Who has written in a chat; the newest account first"))
class ParticipantViewSet(RowListViewSet):
    required_scope = Scope.READ
    may_lag = True
    queryset = TelegramUser.objects.all()
    serializer_class = ParticipantRow
    keysets = {"newest": Keyset({"place": int})}
    path_arguments = ("chat_id",)
    path_help = {"chat_id": ("Telegram's number of the chat.", examples.CHAT["id"])}
    answers = {"list": examples.PARTICIPANT}

    @classmethod
    def rows(cls, *, is_limited: bool) -> QuerySet[Any]:  # noqa: ARG003  (`list` asks for the one chat)
        counts = {"messages_count": Count("messages"), "last_message_at": Max("messages__timestamp")}
        people = TelegramUser.objects.filter(messages__chat=number("chat_id"))
        # The number itself as the order would let PostgreSQL read everybody's messages, in the order of their
        # numbers, until the page is full; this lets it read the chat's.
        return people.annotate(**counts, place=F("id") + 0)

    def list(self, _request: Request, *_args: str, **_kwargs: str) -> HttpResponse:
        chat_id = self.path_values()["chat_id"]
        if not self.key.sees_chat(chat_id):
            raise Http404
        page = self.read_page()
        if not page.documents and not Chat.objects.filter(pk=chat_id).exists():
            raise Http404
        return page.as_response()


@extend_schema_view(list=extend_schema(summary="Chats in which a client waits; the longest wait first"))
class UnansweredViewSet(RowListViewSet):
    required_scope = Scope.READ
    may_lag = True
    queryset = Chat.objects.all()
    serializer_class = WaitingRow
    keysets = {"longest": Keyset({"waiting_since": datetime, "id": int}, newest_first=False)}
    parameters = {"list": HoursParameters}
    answers = {"list": examples.WAITING}

    @classmethod
    def rows(cls, *, is_limited: bool) -> QuerySet[Chat]:
        waiting = waiting_chats(since=moment("since"))
        return waiting.filter(is_visible("id")) if is_limited else waiting

    def path_values(self) -> dict[str, Any]:
        return {"since": timezone.now() - timedelta(hours=self.read_parameters()["hours"])}
