"""Charts as unfold's component draws them, each with the same numbers as a table of links."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# Bars stand on each other, or lie where names are long. Colours of text come from desk/charts.js.
_COMMON: dict[str, Any] = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "interaction": {"mode": "index", "intersect": False},
}


@dataclass(frozen=True)
class Series:
    """One colour of a chart; `values` stand in the order of its labels."""

    label: str
    colour: str
    values: Sequence[float]


@dataclass(frozen=True)
class Cell:
    """A number as text; `link` leads to the rows behind it, if there are any."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table: `name` and its numbers."""

    name: Cell
    cells: Sequence[Cell]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`links` lead to the rows behind each label; `summary` says in a sentence what the chart shows."""

    name: str
    labels: Sequence[str]
    series: Sequence[Series]
    links: Sequence[str]
    summary: str
    first_heading: str
    headings: Sequence[str]
    rows: Sequence[Row]
    is_lying: bool = False
    is_stacked: bool = True
    unit: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_drawn(self) -> bool:
        """Whether there is anything to draw; the table may have something to say without it."""
        return any(any(one.values) for one in self.series)

    @property
    def data(self) -> str:
        """For `data-value` of the component."""
        datasets = [
            {
                "label": one.label,
                "data": list(one.values),
                "backgroundColor": one.colour,
                "borderRadius": 2,
                "maxBarThickness": 28,
            }
            for one in self.series
        ]
        return json.dumps({"labels": list(self.labels), "datasets": datasets}, ensure_ascii=False)

    @property
    def options(self) -> str:
        """For `data-options`."""
        numbers = {
            "stacked": self.is_stacked,
            "beginAtZero": True,
            "ticks": {"precision": 0},
            "title": {"display": bool(self.unit), "text": self.unit},
        }
        names = {"stacked": self.is_stacked, "grid": {"display": False}, "ticks": {"maxRotation": 0}}
        scales = {"x": numbers, "y": names} if self.is_lying else {"x": names, "y": numbers}
        legend = {
            "display": len(self.series) > 1,
            "position": "bottom",
            "labels": {"boxWidth": 12, "boxHeight": 12},
        }
        options = {
            **_COMMON,
            "indexAxis": "y" if self.is_lying else "x",
            "scales": scales,
            "plugins": {"legend": legend},
        }
        return json.dumps({**options, **self.extra}, ensure_ascii=False)

    @property
    def links_json(self) -> str:
        """For desk/charts.js: where a click on a label's bars leads."""
        return json.dumps(list(self.links))
