"""A list's rows as unfold draws them, at half the price.

Unfold makes the head of the table anew for each row, and asks a template for each check box, mark and
label. Here the head is read once, and what is the same in many rows is drawn once.
"""

from collections.abc import Callable, Iterator
from datetime import date, time
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any

from django.contrib.admin.templatetags.admin_list import ResultList, result_hidden_fields
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from unfold.templatetags.unfold_list import (
    CHECKBOX_CLASSES,
    LINK_CLASSES,
    ROW_CLASSES,
    UnfoldResultList,
    _coerce_field_name,
    result_headers,
    results,
)
from unfold.utils import display_for_field, display_for_header, display_for_label, display_for_value

CHECKBOX = "action_checkbox"
# Stands for a row's key where the check box is drawn once for all rows.
_KEY = "0-key-0"
_FIELDS_IN_ONE_LINE = (models.DateField, models.TimeField, models.ForeignKey)
_LINK = " ".join(LINK_CLASSES)


def result_list(context: dict[str, Any], cl: ChangeList) -> dict[str, Any]:
    """What unfold's `admin/change_list_results.html` draws."""
    heads = list(result_headers(cl))
    # Where rows are edited in the list, each has a form, which is unfold's business.
    rows = results(cl) if getattr(cl, "formset", None) else Rows(cl, [head["text"] for head in heads])
    return {
        "cl": cl,
        "result_hidden_fields": list(result_hidden_fields(cl)),
        "result_headers": heads,
        "num_sorted_fields": sum(bool(head["sortable"] and head["sorted"]) for head in heads),
        "results": list(rows),
        "actions_row": context.get("actions_row"),
        "has_add_permission": cl.model_admin.has_add_permission(context["request"]),
    }


class Rows:
    """Cells by rows. `heads`: what the columns are called."""

    def __init__(self, cl: ChangeList, heads: list[Any]) -> None:
        self._cl = cl
        self._columns = [_Column(cl, *column) for column in zip(count(), cl.list_display, heads)]
        linked = cl.list_display_links
        # What leads to the row's page; unfold marks the first of them as the row's head.
        self._links = [column for column in self._columns if linked and column.name in linked]
        # What the address of any row ends with: the way back to the list as it is.
        self._way_back: str | None = None

    def __iter__(self) -> Iterator[ResultList]:
        for row in self._cl.result_list:
            yield UnfoldResultList(row, None, [self._cell(column, row) for column in self._columns])

    def _cell(self, column: "_Column", row: models.Model) -> SafeString:
        shown, in_one_line = column.show(row)
        if column not in self._links:
            return column.cell("td", shown, in_one_line=in_one_line)
        opener = format_html(' data-popup-opener="{}"', self._key(row)) if self._cl.is_popup else ""
        link = format_html('<a href="{}" class="{}" {}>{}</a>', self._url(row), _LINK, opener, shown)
        return column.cell("th" if column is self._links[0] else "td", link, in_one_line=in_one_line)

    def _key(self, row: models.Model) -> object:
        return row.serializable_value(str(self._cl.to_field or self._cl.lookup_opts.pk.attname))

    def _url(self, row: models.Model) -> str:
        url: str = self._cl.url_for_result(row)
        if self._way_back is None:
            kept: dict[str, Any] = {"preserved_filters": self._cl.preserved_filters, "opts": self._cl.opts}
            self._way_back = add_preserved_filters(kept, url).removeprefix(url)
        return url + self._way_back


class _Column:
    def __init__(self, cl: ChangeList, index: int, name: Any, head: Any) -> None:  # noqa: ANN401
        self.name = name
        self._index = index
        self._head = head
        self._admin = cl.model_admin
        self._empty = cl.model_admin.get_empty_value_display()
        self._box = self._admin.action_checkbox(SimpleNamespace(pk=_KEY)) if name == CHECKBOX else ""
        # What unfold's templates make of a value, and how a cell begins: the same in most rows.
        self._drawn: dict[Any, str] = {}
        self._begin = cache(self._begin_cell)

    def cell(self, tag: str, shown: Any, *, in_one_line: bool) -> SafeString:  # noqa: ANN401
        begin = self._begin(tag, in_one_line=in_one_line)
        return mark_safe(f"{begin}{conditional_escape(shown)}</{tag}>")  # noqa: S308  (escaped, both)

    def _begin_cell(self, tag: str, *, in_one_line: bool) -> str:
        classes = [f"field-{_coerce_field_name(self.name, self._index)}", *ROW_CLASSES]
        classes = CHECKBOX_CLASSES if self._box else classes
        head = _("Select record") if self._index == 0 and tag == "td" else self._head
        more = ["nowrap"] if in_one_line else []
        return format_html('<{} class="{}" data-label="{}">', tag, " ".join([*classes, *more]), head)

    def show(self, row: models.Model) -> tuple[Any, bool]:
        """The row's value as people read it, and whether it stays in one line."""
        if self._box:
            return mark_safe(self._box.replace(_KEY, escape(row.pk))), False  # noqa: S308
        try:
            field, attr, value = lookup_field(self.name, row, self._admin)
        except ObjectDoesNotExist:
            return self._empty, False
        empty = getattr(attr, "empty_value_display", self._empty)
        if field is None or field.auto_created:
            return self._show_method(value, attr, empty), isinstance(value, date | time)
        in_one_line = isinstance(field, _FIELDS_IN_ONE_LINE)
        if isinstance(field.remote_field, models.ManyToOneRel):
            related = getattr(row, field.name)
            return empty if related is None else related, in_one_line
        if isinstance(field, models.BooleanField):
            return self._once(value, lambda: display_for_field(value, field, empty)), in_one_line
        return display_for_field(value, field, empty), in_one_line

    def _show_method(self, value: Any, method: Any, empty: str) -> str:  # noqa: ANN401
        if label := getattr(method, "label", False):
            return self._once(value, lambda: display_for_label(value, empty, label))
        if getattr(method, "boolean", False):
            return self._once(value, lambda: display_for_value(value, empty, boolean=True))
        is_head = getattr(method, "header", False)
        shown: str = display_for_header(value, empty) if is_head else display_for_value(value, empty)
        return shown

    def _once(self, value: Any, draw: Callable[[], str]) -> str:  # noqa: ANN401
        if value not in self._drawn:
            self._drawn[value] = draw()
        return self._drawn[value]
