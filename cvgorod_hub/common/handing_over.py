"""Rows as a person is given them: all their columns by name, read page by page, so that many are no load."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, QuerySet

PAGE = 1000


def columns_of(model: type[Model], *, without: frozenset[str] = frozenset()) -> list[str]:
    """Every stored column, so that one that is new is never forgotten."""
    fields = model._meta.concrete_fields  # noqa: SLF001  (Django's documented name)
    return [field.attname for field in fields if field.attname not in without]


def rows_of(
    rows: "QuerySet[Any]", *, without: frozenset[str] = frozenset(), size: int = PAGE
) -> Iterator[list[dict[str, Any]]]:
    """The rows' columns, in the order of their keys, in pages that each are a query of their own.

    No transaction and no cursor stays open while somebody's slow connection takes them.
    """
    said = rows.order_by("pk").values(*columns_of(rows.model, without=without))
    key = rows.model._meta.pk.attname  # noqa: SLF001
    page = list(said[:size])
    while page:
        yield page
        page = list(said.filter(pk__gt=page[-1][key])[:size])
