"""/messages, and a client's messages."""

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import TelegramUser
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.parameters import PeriodParameters
from cvgorod_hub.api.schema import page_of
from messaging.api.feed import MessagePagination
from messaging.api.searching import BY_TIME, FoundMessageRow, MessageListViewSet
from messaging.filters import MessageFilterSet
from messaging.models import Message, MessageVersion
from messaging.querysets import MessageQuerySet
from messaging.serializers import (
    AnalysisRow,
    ByRoleBody,
    ContextParameters,
    MessageDetail,
    MessageDetailBody,
    MessageRow,
    TotalBody,
    VersionRow,
)


@extend_schema_view(
    list=extend_schema(
        summary="Messages, newest first; or, with `after`, what is new or changed",
        responses=FoundMessageRow(many=True),
    ),
    retrieve=extend_schema(summary="One message with all that is known of it", responses=MessageDetailBody),
)
class MessageViewSet(MessageListViewSet):
    required_scope = Scope.READ
    queryset = Message.objects.with_automatic()
    filterset_class = MessageFilterSet
    pagination_class = MessagePagination
    parameters = {
        "context": ContextParameters,
        "total": PeriodParameters,
        "by_role": PeriodParameters,
    }

    def retrieve(self, _request: Request, pk: str) -> Response:
        analysis_columns = AnalysisRow.columns()
        rows = MessageDetail.select(self.get_queryset().filter(pk=pk), *analysis_columns.values())
        if not rows:
            raise Http404
        row = rows[0]
        analysis = {name: row.pop(path) for name, path in analysis_columns.items()}
        versions = VersionRow.select(MessageVersion.objects.filter(message_id=pk))
        has_analysis = analysis["source"] is not None
        return Response({**row, "analysis": analysis if has_analysis else None, "versions": versions})

    @extend_schema(summary="The conversation around a message, oldest first", responses=page_of(MessageRow))
    @action(detail=True, filterset_class=None, pagination_class=None)
    def context(self, _request: Request, pk: str) -> Response:
        message = get_object_or_404(Message.objects.only("chat_id", "timestamp"), pk=pk)
        rows = read_context(message, limit=self.read_parameters()["limit"])
        return Response({"next": None, "previous": None, "results": rows})

    @extend_schema(summary="How many messages", responses=TotalBody)
    @action(detail=False, url_path="stats/total", filterset_class=None, pagination_class=None)
    def total(self, _request: Request) -> Response:
        period = self.read_parameters()
        return Response({"total_messages": _since(period["since"]).count(), **period})

    @extend_schema(summary="Who wrote how much, by role", responses=ByRoleBody)
    @action(detail=False, url_path="stats/by-role", filterset_class=None, pagination_class=None)
    def by_role(self, _request: Request) -> Response:
        period = self.read_parameters()
        roles = count_by_role(_since(period["since"]))
        total = sum(role["message_count"] for role in roles)
        return Response({"by_role": roles, "total_messages": total, **period})


@extend_schema_view(
    list=extend_schema(summary="What a person wrote, newest first", responses=FoundMessageRow(many=True))
)
class ClientMessagesViewSet(MessageListViewSet):
    required_scope = Scope.READ
    queryset = Message.objects.with_automatic()
    filterset_class = MessageFilterSet

    def get_queryset(self) -> QuerySet[Message]:
        messages: QuerySet[Message] = super().get_queryset()
        if "client_id" not in self.kwargs:  # while the schema is made
            return messages
        client = get_object_or_404(TelegramUser.objects.only("pk"), pk=self.kwargs["client_id"])
        return messages.filter(user=client)


def read_context(message: Message, *, limit: int) -> list[dict[str, Any]]:
    """At most `limit` rows of the message's chat around it, oldest first, as evenly as there are."""
    chat = Message.objects.with_automatic().filter(chat_id=message.chat_id)
    key = (message.timestamp, message.pk)
    earlier = MessageRow.select(BY_TIME.order(BY_TIME.seek(chat, key))[: limit - 1])
    later_first = BY_TIME.order(BY_TIME.seek(chat, key, forward=False), forward=False)
    later = MessageRow.select(later_first[: limit - 1])
    wanted_after = max((limit - 1) // 2, limit - 1 - len(earlier))
    after = later[:wanted_after]
    before = earlier[: limit - 1 - len(after)]
    return [*reversed(before), *MessageRow.select(chat.filter(pk=message.pk)), *after]


def count_by_role(messages: MessageQuerySet) -> list[dict[str, Any]]:
    counts = (
        messages.order_by()
        .values_list("user__role__role_name")
        .annotate(
            message_count=Count("pk"),
            active_chats=Count("chat_id", distinct=True),
            active_users=Count("user_id", distinct=True),
        )
    )
    names = ("role", "message_count", "active_chats", "active_users")
    rows = [dict(zip(names, row, strict=True)) for row in counts]
    return sorted(rows, key=lambda row: (-row["message_count"], row["role"] or ""))


def _since(since: datetime | None) -> MessageQuerySet:
    messages: MessageQuerySet = Message.objects.all()
    return messages if since is None else messages.filter(timestamp__gte=since)
