"""What the rooms' admin pages share."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

if TYPE_CHECKING:
    from django.db.models import Model


class ReadOnlyAdmin(ModelAdmin):
    """Rows that come from outside: people look at them, nobody changes them here."""

    def has_add_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False


class LargeTableAdmin(ReadOnlyAdmin):
    """The same for a table of millions: no page counts it."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50


def excerpt(text: str, length: int = 120) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
