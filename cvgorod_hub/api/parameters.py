"""The query string of a call: only what the call knows, each once, each with a value."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any, overload

from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from cvgorod_hub.api.moments import MOMENT_SCHEMA, parse_moment

MAX_DAYS = 36_500
DAYS_HELP = "So many days back from now."
SINCE_HELP = "Not before this time. ISO 8601; without an offset it is read in the hub's TIME_ZONE."


def check_parameters(given: QueryDict, *, known: Collection[str], may_be_empty: Collection[str] = ()) -> None:
    """Raise a 400 that names every parameter which is unknown, empty, repeated or holds a NUL."""
    errors = {
        name: problem
        for name, values in given.lists()
        if (problem := _problem(name, values, known, may_be_empty))
    }
    if errors:
        raise ValidationError(errors)


def _problem(name: str, values: list[Any], known: Collection[str], may_be_empty: Collection[str]) -> str:
    if name not in known:
        return f"There is no such parameter. This call takes: {', '.join(sorted(known)) or 'none'}."
    if len(values) > 1:
        return "Given more than once."
    if "\x00" in values[0]:
        return "Holds a NUL character."
    if not values[0].strip() and name not in may_be_empty:
        return "Has no value."
    return ""


@extend_schema_field(MOMENT_SCHEMA)
class MomentField(serializers.Field[datetime, str, str, Any]):
    """A time as `parse_moment` reads it."""

    def to_internal_value(self, data: object) -> datetime:
        if not isinstance(data, str):
            raise ValidationError("A time is written as text, ISO 8601.")
        try:
            return parse_moment(data)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "examples": [7]})
class DaysField(serializers.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_DAYS, help_text=DAYS_HELP, **options)


class QueryParameters(serializers.Serializer[Any]):
    """The parameters of a call that is no list."""


class PeriodParameters(QueryParameters):
    """`days` or `since`; neither means everything."""

    days = DaysField(required=False)
    since = MomentField(required=False, help_text=SINCE_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "days" in attrs and "since" in attrs:
            raise ValidationError({"since": "Give days or since, not both."})
        return {"days": attrs.get("days"), "since": attrs.get("since") or days_ago(attrs.get("days"))}


class DaysParameters(QueryParameters):
    days = DaysField(default=7)


class StrictSerializer(serializers.Serializer[Any]):
    """A body in which a misspelt field is an error, not a wish that is silently dropped."""

    def to_internal_value(self, data: object) -> object:
        if isinstance(data, dict) and (unknown := data.keys() - self.fields.keys()):
            known = ", ".join(self.fields) or "none"
            raise ValidationError(
                {str(name): f"There is no such field. This call takes: {known}." for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


def read_with(serializer_class: type[serializers.Serializer[Any]], data: object) -> dict[str, Any]:
    """What a body or a query string says; a 400 names each field that cannot be read."""
    values: dict[str, Any] = _shared(serializer_class).run_validation(data)
    return values


@cache
def _shared(serializer_class: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """One instance for all calls: its fields are copied once, and reading leaves nothing on it."""
    return serializer_class()


@overload
def days_ago(days: int) -> datetime: ...
@overload
def days_ago(days: int | None) -> datetime | None: ...
def days_ago(days: int | None) -> datetime | None:
    return None if days is None else timezone.now() - timedelta(days=days)
