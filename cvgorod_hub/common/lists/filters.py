"""Filters of lists beside Django's and unfold's own."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from cvgorod_hub.common.lists.counts import HasCondition


class ConditionFilter(HasCondition, admin.SimpleListFilter):
    """A choice of our own among few, each a condition on the row: `conditions` by value."""

    def conditions(self) -> dict[str, Q]:
        raise NotImplementedError

    def condition(self) -> Q | None:
        return self.conditions().get(self.value() or "")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = self.condition()
        return queryset if condition is None else queryset.filter(condition)

    def get_facet_counts(self, pk_attname: str, filtered_qs: QuerySet[Any]) -> dict[str, Count]:
        return {value: Count(pk_attname, filter=condition) for value, condition in self.conditions().items()}


class OneOfManyFilter(AutocompleteSelectFilter):  # type: ignore[misc]  # unfold carries no types
    """One row of thousands, found by typing its name."""

    def in_words(self) -> str:
        found = self.field.remote_field.model.objects.filter(pk=self.value()).first()
        return str(found or self.value())

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield from super().choices(changelist)
