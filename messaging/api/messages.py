"""/messages, and a client's messages."""

from django.db.models import OuterRef, QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import TelegramUser
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.pagination import PageShape
from cvgorod_hub.api.parameters import PeriodParameters
from cvgorod_hub.api.schema import page_of
from cvgorod_hub.api.views import read_number
from cvgorod_hub.common.statements import (
    JsonRow,
    JsonRows,
    PlannedOnce,
    Statement,
    compile_documents,
    compile_page,
    number,
)
from messaging import examples
from messaging.api.context import read_context
from messaging.api.feed import FEED, FEED_ORDER, MessagePagination
from messaging.api.searching import FoundMessageRow, MessageListViewSet
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
from messaging.statistics import count_by_role, count_messages


@extend_schema_view(
    list=extend_schema(
        summary="Messages, newest first; or, with `after`, what is new or changed",
        responses=FoundMessageRow(many=True),
    ),
    retrieve=extend_schema(summary="One message with all that is known of it", responses=MessageDetailBody),
)
class MessageViewSet(MessageListViewSet):
    required_scope = Scope.READ
    may_lag = True
    queryset = Message.objects.with_automatic()
    filterset_class = MessageFilterSet
    pagination_class = MessagePagination
    keysets = {**MessageListViewSet.keysets, FEED_ORDER: FEED}
    answers = {
        "list": examples.MESSAGE,
        "retrieve": examples.MESSAGE_DETAIL,
        "context": examples.CONTEXT,
        "total": examples.TOTAL,
        "by_role": examples.BY_ROLE,
    }
    parameters = {
        "context": ContextParameters,
        "total": PeriodParameters,
        "by_role": PeriodParameters,
    }

    @classmethod
    def compile_page(cls, shape: PageShape) -> Statement:
        if shape.order != FEED_ORDER:
            return super().compile_page(shape)
        rows: MessageQuerySet = cls.rows(is_limited=shape.is_limited)  # type: ignore[assignment]
        changes = cls.narrow(rows.news().settled(), dict(shape.filters))
        changes = FEED.order(FEED.seek(changes))[: shape.limit]
        return compile_page(changes, columns=MessageRow.columns(), key=tuple(FEED.columns))

    @classmethod
    def compile_detail(cls, *, is_limited: bool) -> Statement:
        analysis = AnalysisRow.listed(Message.objects.filter(pk=OuterRef("pk"), analysis__isnull=False))
        versions = VersionRow.listed(MessageVersion.objects.filter(message=OuterRef("pk")))
        rows = cls.rows(is_limited=is_limited).filter(pk=number("pk"))
        rows = rows.annotate(what_it_means=JsonRow(*analysis), earlier=JsonRows(*versions))
        columns = {**MessageDetail.columns(), "analysis": "what_it_means", "versions": "earlier"}
        return compile_documents(rows, columns=columns)

    def retrieve(self, _request: Request, pk: str) -> HttpResponse:
        return self.read_document(pk)

    @extend_schema(summary="The conversation around a message, oldest first", responses=page_of(MessageRow))
    @action(detail=True, filterset_class=None, pagination_class=None)
    def context(self, _request: Request, pk: str) -> HttpResponse:
        message_id, limit = read_number(pk), self.read_parameters()["limit"]
        return read_context(message_id, limit=limit, sees_chat=self.key.sees_chat).as_response()

    @extend_schema(summary="How many messages", responses=TotalBody)
    @action(detail=False, url_path="stats/total", filterset_class=None, pagination_class=None)
    def total(self, _request: Request) -> Response:
        period = self.read_parameters()
        return Response(
            {
                "total_messages": count_messages(period["since"], chat_ids=self.key.visible_chat_ids()),
                **period,
            }
        )

    @extend_schema(summary="Who wrote how much, by role", responses=ByRoleBody)
    @action(detail=False, url_path="stats/by-role", filterset_class=None, pagination_class=None)
    def by_role(self, _request: Request) -> Response:
        period = self.read_parameters()
        roles = count_by_role(period["since"], chat_ids=self.key.visible_chat_ids())
        total = sum(role["message_count"] for role in roles)
        return Response({"by_role": roles, "total_messages": total, **period})


@extend_schema_view(
    list=extend_schema(summary="What a person wrote, newest first", responses=FoundMessageRow(many=True))
)
class ClientMessagesViewSet(MessageListViewSet):
    required_scope = Scope.READ
    may_lag = True
    queryset = Message.objects.with_automatic()
    filterset_class = MessageFilterSet
    path_arguments = ("client_id",)
    path_help = {"client_id": ("Telegram's number of the person.", examples.MESSAGE["user_id"])}
    answers = {"list": examples.MESSAGE}

    @classmethod
    def rows(cls, *, is_limited: bool) -> QuerySet[Message]:
        messages: QuerySet[Message] = super().rows(is_limited=is_limited)
        return messages.filter(user=PlannedOnce(number("client_id")))

    def list(self, _request: Request, *_args: str, **_kwargs: str) -> HttpResponse:
        page = self.read_page()
        if not page.documents and not self.person_exists():
            raise Http404
        return page.as_response()

    def person_exists(self) -> bool:
        """For a key that only some chats exist for, those exist who wrote there."""
        people = TelegramUser.objects.filter(pk=self.path_values()["client_id"])
        if self.key.is_limited:
            people = people.filter(messages__chat_id__in=self.key.chat_ids)
        return people.exists()
