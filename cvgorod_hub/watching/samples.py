"""How a family of `/metrics` is made of what was counted: its name, its help, its values by label."""

from collections.abc import Iterable
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from cvgorod_hub.common.together import Rows

Values = Iterable[tuple[tuple[str, ...], float | None]]


def _family(
    kind: type[CounterMetricFamily | GaugeMetricFamily],
    name: str,
    help_text: str,
    values: Values,
    labels: tuple[str, ...] = (),
) -> Metric:
    """One family; a value that is not known has no sample."""
    family = kind(f"hub_{name}", help_text, labels=labels)
    for label_values, value in values:
        if value is not None:
            family.add_metric(label_values, float(value))
    return family


def gauge(name: str, help_text: str, values: Values, *labels: str) -> Metric:
    return _family(GaugeMetricFamily, name, help_text, values, labels)


def counter(name: str, help_text: str, values: Values, *labels: str) -> Metric:
    return _family(CounterMetricFamily, name, help_text, values, labels)


def one(value: Any) -> Values:  # noqa: ANN401  (a number, as JSON has it)
    return [((), value)]


def each(rows: Rows, label: str, value: str) -> Values:
    return [((str(row[label]),), row[value]) for row in rows]


def of_all(names: Iterable[str], rows: Rows, label: str, value: str) -> Values:
    """Of every name there is; those without a row have none."""
    known = {row[label]: row[value] for row in rows}
    return [((str(name),), known.get(name, 0)) for name in names]


def each_number(rows: Rows, column: str) -> Values:
    return [((), row[column]) for row in rows]
