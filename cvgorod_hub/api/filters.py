"""Filters that refuse what they cannot read; django-filter's own pass over some of it in silence.

They are declared as django-filter's, and read without its forms: copying fifteen filters and their
fields costs more than the page does. A *free* filter's value stands in the SQL as a parameter, so that one
statement serves all its values; another's few values each make a statement of their own.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import django_filters
from django import forms
from django.core import exceptions
from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, DateTimeField, Field, QuerySet
from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cvgorod_hub.api.moments import MOMENT_SCHEMA, parse_moment
from cvgorod_hub.common.statements import Param

BIGINT = 2**63
# As schemas for OpenAPI: a number of a row, and a text that says something (`check_parameters`).
BIGINT_SCHEMA = {"type": "integer", "format": "int64", "minimum": -BIGINT, "maximum": BIGINT - 1}
TEXT_SCHEMA = {"type": "string", "minLength": 1, "pattern": r"^[^\x00]*[^\x00\s][^\x00]*$"}


class _BigintField(forms.IntegerField):
    default_error_messages = {"invalid": "Not a whole number."}

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", -BIGINT)
        options.setdefault("max_value", BIGINT - 1)
        super().__init__(**options)


class _MomentField(forms.Field):
    def to_python(self, value: str | None) -> datetime | None:
        if not value:
            return None
        try:
            return parse_moment(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class _FlagField(forms.Field):
    MEANINGS = {"true": True, "1": True, "false": False, "0": False}

    def to_python(self, value: str | None) -> bool | None:
        if not value:
            return None
        try:
            return self.MEANINGS[value.lower()]
        except KeyError:
            raise ValidationError("Neither true nor false.") from None


class _NamedChoiceField(forms.ChoiceField):
    """Says what there is to choose from."""

    def validate(self, value: str) -> None:
        if value and not self.valid_value(value):
            raise ValidationError(f"Not one of: {', '.join(_names(cast('Iterable[Any]', self.choices)))}.")


class DocumentedFilter(django_filters.Filter):  # type: ignore[misc]  # django-filter carries no types
    """Says in OpenAPI what it takes; drf-spectacular knows only django-filter's own classes.

    `convert` makes of what the caller wrote what the column is compared with; `example` is for OpenAPI.
    """

    schema: Mapping[str, Any] = {"type": "string"}
    # The type of a free filter's parameter; a filter without it is fixed.
    output_field: "Field[Any, Any] | None" = None

    def __init__(
        self,
        *args: Any,
        help_text: str,
        convert: Callable[[Any], Any] | None = None,
        example: object = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, help_text=help_text, **options)
        self.convert = convert
        schema = {**self.describe(**options), "description": help_text}
        extend_schema_field(schema if example is None else {**schema, "examples": [example]})(self)

    def describe(self, **_options: Any) -> dict[str, Any]:
        return dict(self.schema)

    def read(self, text: str) -> object:
        """Raises ValidationError (Django's) with a sentence for the caller."""
        value = self.field.clean(text)
        return self.convert(value) if self.convert else value


class BigintFilter(DocumentedFilter):
    field_class = _BigintField
    output_field: "Field[Any, Any] | None" = BigIntegerField()

    def describe(self, **options: Any) -> dict[str, Any]:
        limits = {"minimum": options.get("min_value"), "maximum": options.get("max_value")}
        return BIGINT_SCHEMA | {name: limit for name, limit in limits.items() if limit is not None}


class DaysFilter(BigintFilter):
    """So many days back from now: a number that becomes a time."""

    output_field: "Field[Any, Any] | None" = DateTimeField()


class MomentFilter(DocumentedFilter):
    field_class = _MomentField
    output_field = DateTimeField()
    schema = MOMENT_SCHEMA


class FlagFilter(DocumentedFilter):
    field_class = _FlagField
    schema = {"type": "boolean"}


class TextFilter(DocumentedFilter):
    field_class = forms.CharField

    def describe(self, **options: Any) -> dict[str, Any]:
        return {**TEXT_SCHEMA, "maxLength": options["max_length"]}


class NamedChoiceFilter(DocumentedFilter):
    """One of a few words; `choices` as Django's, or a function that gives them."""

    field_class = _NamedChoiceField

    def describe(self, **options: Any) -> dict[str, Any]:
        choices = options["choices"]
        return dict(TEXT_SCHEMA) if callable(choices) else {"type": "string", "enum": _names(choices)}


class HubFilterSet(django_filters.rest_framework.FilterSet):  # type: ignore[misc]  # the same
    """The ground of every filter set; which parameters exist at all is checked by the view.

    Methods named by a filter's `method` are class methods (queryset, name, value), where the value of a
    free filter is a Param.
    """

    @classmethod
    def read(cls, given: QueryDict) -> dict[str, Any]:
        """The values of the filters that were given; a 400 names each that cannot be read."""
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, text in given.items():
            if (found := cls.base_filters.get(name)) is None:
                continue
            try:
                values[name] = found.read(text)
            except exceptions.ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise serializers.ValidationError(errors)
        return values

    @classmethod
    def shape(cls, values: Mapping[str, Any]) -> tuple[tuple[str, Hashable], ...]:
        """What of these values decides the SQL: the names of the free filters, and the fixed ones whole."""
        return tuple(
            (name, None if cls.base_filters[name].output_field else value) for name, value in values.items()
        )

    @classmethod
    def narrow(cls, queryset: QuerySet[Any], shape: Mapping[str, Any]) -> QuerySet[Any]:
        """The queryset with the filters of a shape applied, free ones with a Param of their name."""
        for name, value in shape.items():
            found = cls.base_filters[name]
            wanted = Param(name, found.output_field) if found.output_field else value
            if found.method:
                queryset = getattr(cls, found.method)(queryset, name, wanted)
            else:
                queryset = queryset.filter(**{f"{found.field_name}__{found.lookup_expr}": wanted})
        return queryset


def _names(choices: Iterable[Any]) -> list[str]:
    return [str(value) for value, _label in choices if value != ""]
