"""Rows of a list: declared once, read as plain dicts by one query.

Building model instances and running serializer fields costs more than PostgreSQL does; a declared
row says which columns there are, what they are called and (in OpenAPI) what they hold.
"""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers


class RowSerializer(serializers.Serializer[Any]):
    """Fields with `source` name a path ("chat.name"); without, a column or an annotation."""

    @classmethod
    def columns(cls) -> dict[str, str]:
        """Each field's name and its ORM path."""
        return {
            name: (field.source or name).replace(".", "__") for name, field in cls._declared_fields.items()
        }

    @classmethod
    def listed(cls, queryset: QuerySet[Any]) -> tuple[QuerySet[Any], list[str]]:
        """The columns of the rows and their names, for JsonRow and JsonRows."""
        columns = cls.columns()
        return queryset.values_list(*columns.values()), list(columns)

    @classmethod
    def select(cls, queryset: QuerySet[Any], *also: str) -> list[dict[str, Any]]:
        """The rows, in the declared order of columns; `also` names columns to add to them."""
        columns = cls.columns()
        names = (*columns, *also)
        paths = (*columns.values(), *also)
        return [dict(zip(names, row, strict=True)) for row in queryset.values_list(*paths)]
