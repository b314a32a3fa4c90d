"""The filters of messages and chats."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.search import SearchQueryField
from django.db.models import QuerySet

from clients.models import RoleName, UserRole
from cvgorod_hub.api.filters import (
    BigintFilter,
    DaysFilter,
    FlagFilter,
    HubFilterSet,
    MomentFilter,
    NamedChoiceFilter,
    TextFilter,
)
from cvgorod_hub.api.parameters import DAYS_HELP, MAX_DAYS, SINCE_HELP, days_ago
from cvgorod_hub.common.statements import Param
from messaging.models import Chat, Message
from messaging.querysets import RANKED_AT_MOST, ChatQuerySet, MessageQuerySet
from messaging.search import compile_query

SEARCH_HELP = (
    "Words in any form (Russian; ё is е), in text, caption or transcript; all of them, in any order. "
    '"A phrase" in this order, -word or -"a phrase" to leave out, or (или) between alternatives. '
    "One slip in a word of five letters or more is forgiven; varieties are found in either alphabet, "
    "50см also as 50 см."
)


def analysis_choices(column: str) -> list[tuple[str, Any]]:
    """The words of a column of the analysis, whose model is a room above this one."""
    analysis: Any = Message._meta.get_field("analysis").related_model  # noqa: SLF001  (a documented name)
    return list(analysis._meta.get_field(column).choices)  # noqa: SLF001


def role_choices() -> list[tuple[str, str]]:
    """Roles can be added in the admin."""
    return list(UserRole.objects.values_list("role_name", "display_name"))


class SearchFilter(TextFilter):
    """What a person types, compiled (CompiledQuery)."""

    output_field = SearchQueryField()

    def __init__(self, **options: Any) -> None:
        super().__init__(convert=compile_query, example="розы 50 см", **options)


class MessageFilterSet(HubFilterSet):
    """All of them can be combined; together they narrow."""

    chat_id = BigintFilter(help_text="In this chat.", example=-1001000000001)
    user_id = BigintFilter(help_text="By this person.", example=501)
    role = NamedChoiceFilter(
        field_name="user__role__role_name",
        choices=role_choices,
        help_text=f"By people of this role: {', '.join(RoleName.values)}, or one added in the admin.",
        example=RoleName.CLIENT.value,
    )
    clients_only = FlagFilter(method="filter_clients_only", help_text="true: by clients only.")
    exclude_automatic = FlagFilter(
        method="filter_exclude_automatic", help_text="true: without what programs of ours wrote."
    )
    has_intent = NamedChoiceFilter(
        method="filter_has_intent",
        choices=lambda: [("true", ""), ("false", ""), *analysis_choices("intent")],
        help_text="true: with an analysis; false: without; or an intent by name, as order.",
        example="question",
    )
    sentiment = NamedChoiceFilter(
        field_name="analysis__sentiment",
        choices=lambda: analysis_choices("sentiment"),
        help_text="positive, neutral or negative.",
        example="negative",
    )
    urgent = FlagFilter(method="filter_urgent", help_text="true: urgent only; false: the others.")
    message_type = NamedChoiceFilter(choices=Message.Type.choices, help_text="Of this kind.")
    since = MomentFilter(field_name="timestamp", lookup_expr="gte", help_text=SINCE_HELP)
    until = MomentFilter(
        field_name="timestamp", lookup_expr="lte", help_text="Not after this time; read as `since`."
    )
    days = DaysFilter(
        field_name="timestamp",
        lookup_expr="gte",
        convert=days_ago,
        min_value=1,
        max_value=MAX_DAYS,
        help_text=DAYS_HELP,
        example=7,
    )
    search = SearchFilter(method="filter_search", max_length=1000, help_text=SEARCH_HELP)
    ordering = NamedChoiceFilter(
        method="keep_all",
        choices=[("newest", ""), ("rank", "")],
        help_text=(
            "newest (default): by time; rank: what fits the search best comes first, "
            f"of the newest {RANKED_AT_MOST} that it finds."
        ),
    )
    highlight = FlagFilter(
        method="keep_all", help_text="true: each row says in `highlight` where the search found something."
    )
    reply_to = BigintFilter(
        field_name="reply_to_message_id",
        help_text="Answers to this telegram_message_id (with chat_id).",
        example=4711,
    )

    class Meta:
        model = Message
        fields: Iterable[str] = []

    @classmethod
    def filter_clients_only(cls, queryset: QuerySet[Message], _name: str, value: bool) -> QuerySet[Message]:
        return queryset.filter(user__role__role_name=RoleName.CLIENT) if value else queryset

    @classmethod
    def filter_exclude_automatic(cls, queryset: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return queryset.filter(is_automatic=False) if value else queryset

    @classmethod
    def filter_has_intent(cls, queryset: QuerySet[Message], _name: str, value: str) -> QuerySet[Message]:
        if value in ("true", "false"):
            return queryset.filter(analysis__isnull=value == "false")
        return queryset.filter(analysis__intent=value)

    @classmethod
    def filter_urgent(cls, queryset: QuerySet[Message], _name: str, value: bool) -> QuerySet[Message]:
        if value:
            return queryset.filter(analysis__is_urgent=True)
        return queryset.exclude(analysis__is_urgent=True)

    @classmethod
    def filter_search(cls, queryset: MessageQuerySet, _name: str, value: Param) -> MessageQuerySet:
        return queryset.matching(value)

    @classmethod
    def keep_all(cls, queryset: QuerySet[Message], _name: str, _value: object) -> QuerySet[Message]:
        """The order and the marks are the list's matter, not a filter's."""
        return queryset


class ChatFilterSet(HubFilterSet):
    search = TextFilter(
        method="filter_search",
        max_length=256,
        help_text="Part of the name, folder or customer number.",
        example="Ромашка",
    )
    chat_type = NamedChoiceFilter(choices=Chat.Type.choices, help_text="Of this kind.")
    is_active = FlagFilter(help_text="Whether the bot can write there.")
    waiting = FlagFilter(method="filter_waiting", help_text="Whether a client waits for an answer.")
    ordering = NamedChoiceFilter(
        method="keep_all",
        choices=[("newest", ""), ("active", "")],
        help_text=(
            "newest (default): by when the chat was first seen, an order in which pages never shift; "
            "active: by the last message, so that a chat may move ahead while you read."
        ),
    )

    class Meta:
        model = Chat
        fields: Iterable[str] = []

    @classmethod
    def filter_search(cls, queryset: ChatQuerySet, _name: str, value: str) -> ChatQuerySet:
        return queryset.named_like(value)

    @classmethod
    def filter_waiting(cls, queryset: QuerySet[Chat], _name: str, value: bool) -> QuerySet[Chat]:
        return queryset.filter(waiting_since__isnull=not value)

    @classmethod
    def keep_all(cls, queryset: QuerySet[Chat], _name: str, _value: str) -> QuerySet[Chat]:
        """The order is the page's matter, not a filter's."""
        return queryset
