"""How the admin's list of raw updates is narrowed, without reading a table of millions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bots.failures import failed_updates
from bots.models import RawUpdate, TelegramBot
from bots.values import BIGINT

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

State = RawUpdate.State
ALL = "all"
# Telegram has some thirty; an update may claim any.
MOST_KINDS = 60
_KINDS = """
WITH RECURSIVE kinds (kind) AS (
    SELECT min(kind) FROM raw_updates
    UNION ALL
    SELECT (SELECT min(kind) FROM raw_updates WHERE kind > kinds.kind) FROM kinds WHERE kind IS NOT NULL
)
SELECT kind FROM kinds WHERE kind IS NOT NULL LIMIT %s
"""
# Counting stops here: more is simply many.
MOST_COUNTED = 999


def many(updates: QuerySet[RawUpdate]) -> str:
    """How many, up to a bound."""
    count = updates[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


class StateFilter(admin.SimpleListFilter):
    """Opens on what could not be read; a search looks at everything."""

    title = _("state")
    parameter_name = "parse_state__exact"

    failed: str  # how many there are, up to a bound

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self._by_itself = ALL if request.GET.get(SEARCH_VAR, "").strip() else State.FAILED.value
        super().__init__(request, *args, **kwargs)

    def chosen(self) -> str:
        return self.value() or self._by_itself

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[RawUpdate]"
    ) -> list[tuple[str, "StrPromise | str"]]:
        self.failed = many(failed_updates())
        others = (State.PENDING, State.DISMISSED, State.PARSED, State.IGNORED)
        return [
            (State.FAILED.value, f"{State.FAILED.label} ({self.failed})"),
            *((state.value, state.label) for state in others),
            (ALL, _("All")),
        ]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for value, title in self.lookup_choices:
            yield {
                "selected": self.chosen() == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[RawUpdate]) -> QuerySet[RawUpdate]:
        return queryset if self.chosen() == ALL else queryset.filter(parse_state=self.chosen())


class KindFilter(admin.SimpleListFilter):
    """The kinds that the table holds, by one look into the index for each."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[RawUpdate]"
    ) -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute(_KINDS, [MOST_KINDS])
            return [(kind, kind) for (kind,) in cursor.fetchall()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RawUpdate]) -> QuerySet[RawUpdate]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


def find_by_number(updates: QuerySet[RawUpdate], term: str) -> QuerySet[RawUpdate]:
    """The updates with this number of Telegram's; where there is none, those from the chat with it."""
    try:
        number = int(term)
    except ValueError:
        return updates.none()
    if not -BIGINT <= number < BIGINT:
        return updates.none()
    # With the bots named, the unique key of (bot, update) answers; and one after the other, because for an OR
    # of the two PostgreSQL walks through the table.
    bots = list(TelegramBot.objects.values_list("pk", flat=True))
    named = list(RawUpdate.objects.filter(bot_id__in=bots, update_id=number).values_list("pk", flat=True))
    return updates.filter(pk__in=named) if named else updates.filter(chat_id=number)
