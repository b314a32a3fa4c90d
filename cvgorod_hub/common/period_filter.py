"""A filter of the admin's lists: from one day to another, both included, as the hub's clocks have them."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.contrib.filters.admin import RangeDateFilter

if TYPE_CHECKING:
    from django.db.models import QuerySet


class PeriodFilter(RangeDateFilter):  # type: ignore[misc]  # unfold carries no types
    """unfold's own ends at the last day's first instant, and passes over a date that it cannot read."""

    def queryset(self, _request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        since, until = self.days()
        if since is not None:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(since)})
        if until is not None:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _midnight(until + timedelta(days=1))})
        return queryset

    def days(self) -> tuple[date | None, date | None]:
        """The first and the last day; raises IncorrectLookupParameters where one cannot be read."""
        return self._day("from"), self._day("to")

    def in_words(self) -> str:
        """As its reader typed it."""
        since, until = (self.used_parameters.get(f"{self.field_path}_{end}") for end in ("from", "to"))
        parts = [since and _("from %(day)s") % {"day": since}, until and _("to %(day)s") % {"day": until}]
        return " ".join(filter(None, parts))

    def _day(self, end: str) -> date | None:
        text = self.used_parameters.get(f"{self.field_path}_{end}")
        if not text:
            return None
        try:
            return forms.DateField().to_python(text)  # in the reader's language, or ISO
        except ValidationError as error:
            raise IncorrectLookupParameters(text) from error


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
