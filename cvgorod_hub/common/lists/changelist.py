"""Django's list with counted filters, the way down to a day, and pages by key."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import localize_input
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from cvgorod_hub.common.lists.counts import Counted, can_count, condition_of, count_choices
from cvgorod_hub.common.lists.days import Way, way_down
from cvgorod_hub.common.lists.keys import OLDEST, KeyPage, KeyPaginator, read_page, read_seek
from cvgorod_hub.common.period_filter import PeriodFilter

# So many choices of a filter are in sight, whatever their numbers.
MOST_IN_SIGHT = 8


class HubChangeList(ChangeList):  # type: ignore[misc]  # unfold carries no types
    """`total` is None where nobody counts; `key_page` None where pages have numbers."""

    total: Counted | None = None
    key_page: KeyPage | None = None

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        if self.model_admin.page_key:
            self._read_by_key(request)
        else:
            super().get_results(request)
            # Else unfold's head would offer to show all, as if these were a part.
            self.full_result_count = self.result_count
        if self.model_admin.counts_choices(self):
            self._count(request)

    # --- pages by key -----------------------------------------------------------------------------
    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        if self.model_admin.page_key:
            return [f"-{field}" for field in self.model_admin.page_key]
        return list(super().get_ordering(request, queryset))

    def _read_by_key(self, request: HttpRequest) -> None:
        fields = self.model_admin.page_key
        seek = read_seek(request.GET.get(PAGE_VAR, ""), fields)
        self.key_page = read_page(self.queryset, seek, fields, self.list_per_page)
        self.result_list = self.key_page.rows
        self.result_count = len(self.key_page.rows)
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = bool(self.key_page.newer or self.key_page.older)
        self.paginator = KeyPaginator(self.queryset, self.list_per_page)

    @property
    def newest_url(self) -> str:
        return self._page_url("") if self.key_page and self.key_page.newer else ""

    @property
    def newer_url(self) -> str:
        return self._page_url(self.key_page.newer) if self.key_page and self.key_page.newer else ""

    @property
    def older_url(self) -> str:
        return self._page_url(self.key_page.older) if self.key_page and self.key_page.older else ""

    @property
    def oldest_url(self) -> str:
        return self._page_url(OLDEST) if self.key_page and self.key_page.older else ""

    def _page_url(self, place: str) -> str:
        return str(self.get_query_string({PAGE_VAR: place or None}))

    # --- counted filters --------------------------------------------------------------------------
    def _count(self, request: HttpRequest) -> None:
        specs = [spec for spec in self.filter_specs if can_count(spec)]
        if self.query:
            # Among what was found: to search again without a filter would cost a second search.
            specs = [spec for spec in specs if condition_of(spec) is None]
            rows = self.queryset.select_related(None)
        else:
            rows = self._without(request, specs)
        self.total, counted = count_choices(rows, specs)
        for spec, numbers in counted.items():
            spec.choices = partial(_with_numbers, spec.choices, numbers)

    def _without(self, request: HttpRequest, counted: Sequence[Any]) -> QuerySet[Any]:
        """The list in its order, without the filters that are counted."""
        rows = self.root_queryset.select_related(None)
        for spec in self.filter_specs:
            if spec not in counted:
                narrowed = spec.queryset(request, rows)
                rows = rows if narrowed is None else narrowed
        ordered: QuerySet[Any] = rows.order_by(*self.get_ordering(request, rows))
        return ordered

    # --- the way down to a day --------------------------------------------------------------------
    @cached_property
    def way(self) -> Way | None:
        """None where the list has no period, or no rows that could be in one."""
        period = next((spec for spec in self.filter_specs if isinstance(spec, PeriodFilter)), None)
        first = self.model_admin.first_moment(period) if period is not None else None
        if period is None or first is None:
            return None
        since, until = period.days()
        return way_down(
            since=since,
            until=until,
            first=_local_day(first),
            last=timezone.localdate(),
            link=partial(self._period_url, period.field_path),
            all_time=_("All time"),
        )

    def _period_url(self, field_path: str, since: date | None, until: date | None) -> str:
        days = {f"{field_path}_from": since, f"{field_path}_to": until}
        shown = {name: localize_input(day) if day else None for name, day in days.items()}
        return str(self.get_query_string(shown))

    # --- empty lists ------------------------------------------------------------------------------
    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.has_active_filters)


def _with_numbers(choices: Any, numbers: Sequence[Counted], changelist: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """A filter's choices: the first is "All", each of the others has its number in `count`.

    Those that nothing is known of are `is_rare` and stand apart, where there are many.
    """
    offered = list(choices(changelist))
    beside = [None, *numbers][: len(offered)]
    rare = [number is not None and not number.number for number in beside]
    sets_apart = len(offered) > MOST_IN_SIGHT
    for choice, number, is_rare in zip(offered, beside, rare, strict=True):
        apart = sets_apart and is_rare and not choice["selected"]
        yield {**choice, "count": "" if number is None else str(number), "is_rare": apart}


def _local_day(moment: datetime) -> date:
    return timezone.localtime(moment).date()
