"""How many rows each choice of a list's filters leads to, without counting a table of millions.

One statement looks at the newest WINDOW rows of the list, as they are before its filters of choices, and
counts all choices among these. Where the list has no more rows the numbers are exact; else they are at
least so many, and say so. What it costs has a bound, whatever the table and the planner do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.filters import EmptyFieldListFilter, FacetsMixin, FieldListFilter
from django.contrib.admin.utils import build_q_object_from_lookup_parameters
from django.db.models import Count, Q, QuerySet
from django.utils.formats import number_format

WINDOW = 4_000
# Counting stops here: more is simply many.
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Counted:
    """A number of rows; with `is_least` there may be more."""

    number: int
    is_least: bool = False

    def __str__(self) -> str:
        """1 234, 300+, or nothing where nobody knows."""
        if self.number > MOST_COUNTED:
            return f"{_grouped(MOST_COUNTED)}+"
        if not self.is_least:
            return _grouped(self.number)
        return f"{_grouped(_round_down(self.number))}+" if self.number else ""


def _grouped(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def _round_down(number: int) -> int:
    """To its first digit: of what may be more, nobody needs the others."""
    step: int = 10 ** (len(str(number)) - 1)
    return number // step * step


class HasCondition:
    """A filter of our own that can be counted: it says what it lets through."""

    def condition(self) -> Q | None:
        """What the chosen value means; None where nothing is chosen."""
        raise NotImplementedError


def can_count(spec: Any) -> bool:  # noqa: ANN401  (a ListFilter of any kind)
    """Whether a filter is a choice among few, each of which is a condition on the row."""
    if isinstance(spec, HasCondition):
        return True
    # A filter that shows a form of its own has no choices to write a number beside.
    return (
        isinstance(spec, FieldListFilter)
        and isinstance(spec, FacetsMixin)
        and not hasattr(spec, "form_class")
    )


def count_choices(rows: QuerySet[Any], specs: Sequence[Any]) -> tuple[Counted, dict[Any, list[Counted]]]:
    """(rows that the filters let through, for each filter its choices' numbers in their order).

    `rows` is the list in its order without these filters. A choice is counted as if it were chosen instead of
    its neighbour, the other filters as they are.
    """
    chosen = {spec: condition_of(spec) for spec in specs}
    wanted: dict[str, Count] = {}
    names: dict[Any, list[str]] = {}
    for place, spec in enumerate(specs):
        others = _all_of([condition for other, condition in chosen.items() if other is not spec])
        names[spec] = []
        for key, count in spec.get_facet_counts("pk", rows).items():
            name = f"filter{place}_{key}"
            names[spec].append(name)
            wanted[name] = Count("pk", filter=count.filter & others)
    found = rows[: WINDOW + 1].aggregate(
        seen=Count("pk"), total=Count("pk", filter=_all_of(list(chosen.values()))), **wanted
    )
    is_least = found["seen"] > WINDOW
    counted = {name: Counted(number, is_least) for name, number in found.items()}
    return counted["total"], {spec: [counted[name] for name in own] for spec, own in names.items()}


def condition_of(spec: Any) -> Q | None:  # noqa: ANN401
    """What a filter lets through; None where nothing is chosen."""
    if isinstance(spec, HasCondition):
        return spec.condition()
    if isinstance(spec, EmptyFieldListFilter):
        if spec.lookup_val not in ("0", "1"):
            return None
        is_empty = spec.get_lookup_condition()
        return is_empty if spec.lookup_val == "1" else ~is_empty
    return build_q_object_from_lookup_parameters(spec.used_parameters) if spec.used_parameters else None


def _all_of(conditions: Sequence[Q | None]) -> Q:
    # A filter without a condition would be taken for one that lets nothing through.
    together = Q(pk__isnull=False)
    for condition in conditions:
        if condition is not None:
            together &= condition
    return together
