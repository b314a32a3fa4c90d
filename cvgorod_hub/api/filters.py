"""Filters that refuse what they cannot read; django-filter's own pass over some of it in silence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field

from cvgorod_hub.api.moments import parse_moment

BIGINT = 2**63


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
    """Says in OpenAPI what it takes; drf-spectacular knows only django-filter's own classes."""

    schema: Mapping[str, Any] = {"type": "string"}

    def __init__(self, *args: Any, help_text: str, **options: Any) -> None:
        super().__init__(*args, help_text=help_text, **options)
        extend_schema_field({**self.describe(**options), "description": help_text})(self)

    def describe(self, **_options: Any) -> dict[str, Any]:
        return dict(self.schema)


class BigintFilter(DocumentedFilter):
    field_class = _BigintField

    def describe(self, **options: Any) -> dict[str, Any]:
        limits = {"minimum": options.get("min_value"), "maximum": options.get("max_value")}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        return {"type": "integer", "format": "int64", **given}


class MomentFilter(DocumentedFilter):
    field_class = _MomentField
    schema = {"type": "string", "format": "date-time"}


class FlagFilter(DocumentedFilter):
    field_class = _FlagField
    schema = {"type": "boolean"}


class TextFilter(DocumentedFilter):
    field_class = forms.CharField

    def describe(self, **options: Any) -> dict[str, Any]:
        return {"type": "string", "maxLength": options["max_length"]}


class NamedChoiceFilter(DocumentedFilter):
    """One of a few words; `choices` as Django's, or a function that gives them."""

    field_class = _NamedChoiceField

    def describe(self, **options: Any) -> dict[str, Any]:
        choices = options["choices"]
        return {"type": "string"} if callable(choices) else {"type": "string", "enum": _names(choices)}


class HubFilterSet(django_filters.rest_framework.FilterSet):  # type: ignore[misc]  # the same
    """The ground of every filter set; which parameters exist at all is checked by the view."""


def _names(choices: Iterable[Any]) -> list[str]:
    return [str(value) for value, _label in choices if value != ""]
