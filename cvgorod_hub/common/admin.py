"""What the rooms' admin pages share."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.admin import ShowFacets
from django.db.models import Min
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from cvgorod_hub.common.lists.changelist import HubChangeList
from cvgorod_hub.common.lists.exporting import ExportMixin
from cvgorod_hub.common.period_filter import PeriodFilter

if TYPE_CHECKING:
    from django.db.models import Model
    from django_stubs_ext import StrOrPromise


class ListAdmin(ExportMixin, ModelAdmin):
    """A list as all rooms have it: counted filters, the way down to a day, CSV.

    `page_key`: the fields of pages by key, all descending, the last one unique; without it pages have
    numbers, and the list is counted. `list_empty` says what an empty list is waiting for.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # ours are counted otherwise (cvgorod_hub/common/lists/counts.py)
    page_key: Sequence[str] = ()
    list_empty: "StrOrPromise" = ""
    # Unfold's templates ask for it twice a row, and a template that finds no attribute searches for long.
    list_sections: Sequence[Any] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[HubChangeList]:
        return HubChangeList

    def counts_choices(self, changelist: HubChangeList) -> bool:
        """Whether filters are counted in the list as it is asked for: a search says enough by itself."""
        return not changelist.query

    def first_moment(self, period: PeriodFilter) -> datetime | None:
        """When the list's oldest row is from, by the end of an index."""
        first: datetime | None = period.field.model._default_manager.aggregate(  # noqa: SLF001  (documented)
            first=Min(period.field.name)
        )["first"]
        return first


class ReadOnlyAdmin(ListAdmin):
    """Rows that come from outside: people look at them, nobody changes them here."""

    def has_add_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False


class LargeTableAdmin(ReadOnlyAdmin):
    """The same for a table of millions: no page counts it, sorts it, or reads what comes before the page."""

    paginator = InfinitePaginator
    page_key: Sequence[str] = ("pk",)
    sortable_by: Sequence[str] = ()
    list_disable_select_all = True

    def first_moment(self, period: PeriodFilter) -> datetime | None:
        """Of rows in the order of their keys the first is the oldest, and needs no index of times."""
        if tuple(self.page_key) != ("pk",):
            return super().first_moment(period)
        moments = self.model._default_manager.order_by("pk").values_list(period.field_path, flat=True)  # noqa: SLF001
        return moments.first()


def excerpt(text: str, length: int = 120) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
