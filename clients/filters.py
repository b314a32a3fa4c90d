"""The filters of people."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from clients.models import RoleName, TelegramUser
from clients.querysets import TelegramUserQuerySet
from cvgorod_hub.api.filters import FlagFilter, HubFilterSet, NamedChoiceFilter, TextFilter


class ClientFilterSet(HubFilterSet):
    search = TextFilter(
        method="filter_search",
        max_length=256,
        help_text="Parts of the first, last or user name.",
        example="Ольга",
    )
    include_staff = FlagFilter(
        method="keep_all", help_text="true: everybody, our own people and bots as well."
    )
    ordering = NamedChoiceFilter(
        method="keep_all",
        choices=[("newest", ""), ("active", "")],
        help_text=(
            "newest (default): by when the person first wrote, an order in which pages never shift; "
            "active: by who wrote last, so that a person may move ahead while you read."
        ),
    )

    class Meta:
        model = TelegramUser
        fields: Iterable[str] = []

    @classmethod
    def narrow(cls, queryset: QuerySet[TelegramUser], shape: Mapping[str, Any]) -> QuerySet[TelegramUser]:
        people: QuerySet[TelegramUser] = super().narrow(queryset, shape)
        return people if shape.get("include_staff") else people.filter(role__role_name=RoleName.CLIENT)

    @classmethod
    def filter_search(cls, queryset: TelegramUserQuerySet, _name: str, value: str) -> TelegramUserQuerySet:
        return queryset.named_like(value)

    @classmethod
    def keep_all(cls, queryset: QuerySet[TelegramUser], _name: str, _value: object) -> QuerySet[TelegramUser]:
        """Read elsewhere: `include_staff` above, `ordering` by the page."""
        return queryset
